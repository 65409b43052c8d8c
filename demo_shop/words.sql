-- Words that names, brands and reviews are made of.
set variable chinese_family = [
    '王', '李', '张', '刘', '陈', '杨', '赵', '黄', '周', '吴', '徐', '孙', '胡', '朱', '高', '林'
];
set variable chinese_family_latin = [
    'wang', 'li', 'zhang', 'liu', 'chen', 'yang', 'zhao', 'huang', 'zhou', 'wu', 'xu',
    'sun', 'hu', 'zhu', 'gao', 'lin'
];
set variable chinese_given = [
    '伟', '芳', '娜', '敏', '静', '丽', '强', '磊', '洋', '艳', '勇', '杰', '秀英', '建国', '晓明', '欣怡'
];
set variable chinese_given_latin = [
    'wei', 'fang', 'na', 'min', 'jing', 'li', 'qiang', 'lei', 'yang', 'yan', 'yong',
    'jie', 'xiuying', 'jianguo', 'xiaoming', 'xinyi'
];
set variable western_given = [
    'Anna', 'Luís', 'Zoë', 'Jürg', 'Chloé', 'Tiago', 'Emma', 'Noah', 'Inês', 'Beat',
    'Renée', 'Marc', 'Sofia', 'Hugo', 'Léa', 'Bruno'
];
set variable western_family = [
    'Müller', 'Silva', 'Tremblay', 'Meier', 'Souza', 'Gagnon', 'Keller', 'Costa', 'Roy',
    'Weber', 'Araújo', 'Côté', 'Frei', 'Lopes', 'Bouchard', 'OBrien'
];
set variable brands = [
    'Private', 'Private', 'Lumière', '青山', 'Nordhav', 'Málaga', '云溪', 'Fjällro',
    'Oakline', '小鹿'
];

-- One row per language and tone of a review: openings, bodies and ends. A review of
-- tone `none` has no text.
create or replace temp table review_words as
from (
    values
    ('zh', 'none', null, null, null),
    ('en', 'none', null, null, null),
    (
        'zh',
        'bad',
        ['很失望，', '太差了，', '非常糟糕，', '后悔买了，', '真的不行，', '气死我了，'],
        ['质量差', '和描述不符', '用了两天就坏了', '包装破损', '味道难闻', '物流太慢'],
        ['，不推荐。', '，要求退货。', '，再也不买了。', '，客服也不理人。', '，浪费钱。', '！']
    ),
    (
        'zh',
        'middling',
        ['一般般，', '还行吧，', '中规中矩，', '马马虎虎，', '普普通通，', '收到了，'],
        ['价格还可以', '和想的差不多', '没有惊喜', '包装普通', '能用', '等了几天才到'],
        ['。', '，看以后吧。', '，凑合。', '，没什么好说的。', '，下次再看看。', '，打个中评。']
    ),
    (
        'zh',
        'good',
        ['很好，', '非常满意，', '超级喜欢，', '好评，', '物超所值，', '回购好几次了，'],
        ['质量很棒', '味道很好', '物流很快', '包装精美', '家人都喜欢', '性价比高'],
        ['，推荐！', '，还会再买。', '，五星好评。', '，值得购买。', '，谢谢店家。', '。']
    ),
    (
        'en',
        'bad',
        [
            'Very disappointed: ', 'Terrible. ', 'Awful, ', 'A waste of money: ',
            'I regret buying this, ', 'Poor quality: '
        ],
        [
            'it broke after two days', 'it is not as described', 'the box came damaged',
            'it smells bad', 'delivery took forever', 'it feels cheap and broken'
        ],
        [
            '. Never again.', '. I want a refund.', '. Do not buy.',
            ' and support was useless.', '. Worst purchase this year.', '!'
        ]
    ),
    (
        'en',
        'middling',
        [
            'It is okay, ', 'Average: ', 'So so, ', 'Fine I guess, ',
            'Nothing special, ', 'It arrived, '
        ],
        [
            'about what I expected', 'the price is fair', 'it does its job',
            'plain packaging', 'delivery took some days', 'others are similar'
        ],
        [
            '.', '. Might try another.', ', no more and no less.', '. We will see.',
            '. Three stars.', ' for the price.'
        ]
    ),
    (
        'en',
        'good',
        [
            'Love it: ', 'Excellent! ', 'Great value, ', 'Very happy, ',
            'My favourite: ', 'Bought it again, '
        ],
        [
            'works perfectly', 'tastes wonderful', 'fast delivery',
            'beautifully packed', 'the whole family enjoys it', 'better than expected'
        ],
        [
            '. Recommended!', '. Will buy again.', '. Five stars.', '. Thank you!', '.',
            ', worth every cent.'
        ]
    )
) as words (language, tone, openings, bodies, ends);
