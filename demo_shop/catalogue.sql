-- The goods, cities and services of the shop.

-- One row per category. `elasticity`: how many per cent more units sell for one per
-- cent less price, to a user of price sensitivity 1. `single_share`: how rarely more
-- than one is bought. Products are named by a kind and a size.
create or replace temp table categories as
select
    cast(row_number() over () - 1 as integer) as category_number,
    goods.category,
    goods.department,
    goods.typical_price,
    cast(goods.elasticity as double) as elasticity,
    cast(goods.return_chance as double) as return_chance,
    cast(goods.single_share as double) as single_share,
    goods.kinds,
    goods.sizes
from (
    values
    (
        'coffee and tea', 'food', 42, 1.8, 0.01, 1,
        ['Café beans', '绿茶', '乌龙茶', 'Crème coffee', '普洱茶', 'Maté'],
        ['100 g', '200 g', '250 g', '500 g', '1 kg', '礼盒']
    ),
    (
        'snacks', 'food', 15, 2.6, 0.01, 0.7,
        ['Rice crackers', '坚果', '薯片', 'Crêpe bites', '海苔', 'Chocolate'],
        ['50 g', '80 g', '120 g', '200 g', '3 × 50 g', '大包']
    ),
    (
        'rice and noodles', 'food', 28, 1.2, 0.01, 1,
        ['Jasmine rice', '大米', '面条', 'Rice noodles', '糙米', 'Müsli'],
        ['500 g', '1 kg', '2 kg', '2.5 kg', '5 kg', '10 kg']
    ),
    (
        'drinks', 'food', 12, 2.2, 0.01, 0.6,
        ['Açaí juice', '矿泉水', '豆浆', 'Ginger ale', '酸梅汤', 'Oat milk'],
        ['250 ml', '330 ml', '500 ml', '1 l', '6 × 330 ml', '12 × 500 ml']
    ),
    (
        'dairy', 'food', 22, 1.4, 0.01, 0.8,
        ['Yogurt', '牛奶', '奶酪', 'Crème fraîche', 'Butter', '酸奶'],
        ['150 g', '200 g', '400 g', '500 g', '4 × 125 g', '家庭装']
    ),
    (
        'fruit', 'food', 25, 1.6, 0.03, 0.9,
        ['Apples', '荔枝', '芒果', 'Jabuticaba', '苹果', 'Blueberries'],
        ['250 g', '500 g', '1 kg', '2 kg', '3 kg', '一箱']
    ),
    (
        'cleaning', 'household', 24, 2.0, 0.02, 1,
        ['Detergent', '洗洁精', 'Dish soap', '消毒液', 'Sponges', '垃圾袋'],
        ['small', 'medium', 'large', 'refill', '2 pack', '家庭装']
    ),
    (
        'paper', 'household', 26, 2.4, 0.01, 0.8,
        ['Tissues', '纸巾', 'Kitchen roll', '卫生纸', 'Napkins', '湿巾'],
        ['6 rolls', '12 rolls', '24 rolls', '3 boxes', '10 packs', '一提']
    ),
    (
        'skin care', 'beauty', 110, 1.5, 0.05, 2,
        ['Crème légère', '面膜', 'Sun cream', '精华液', 'Cleanser', '护手霜'],
        ['15 ml', '30 ml', '50 ml', '75 ml', '100 ml', '套装']
    ),
    (
        'hair care', 'beauty', 55, 1.9, 0.03, 1.5,
        ['Shampoo', '护发素', 'Hair oil', '洗发水', 'Hair mask', '发膜'],
        ['100 ml', '200 ml', '250 ml', '400 ml', '500 ml', '套装']
    ),
    (
        'clothing', 'fashion', 160, 2.3, 0.16, 3,
        ['T-shirt', '衬衫', 'Béret', '旗袍', 'Jacket', '牛仔裤'],
        ['XS', 'S', 'M', 'L', 'XL', 'XXL']
    ),
    (
        'shoes', 'fashion', 280, 1.7, 0.18, 4,
        ['Sneakers', '布鞋', 'Sandals', '运动鞋', 'Boots', '拖鞋'],
        ['36', '38', '40', '42', '44', '46']
    ),
    (
        'electronics', 'home', 900, 1.3, 0.08, 6,
        ['Headphones', '充电宝', 'Smart watch', '路由器', 'Tablet', '音箱'],
        ['mini', 'lite', 'air', 'plus', 'pro', 'max']
    ),
    (
        'kitchen', 'home', 120, 1.4, 0.05, 2.5,
        ['Wok', '砂锅', 'Fondue set', '茶壶', 'Knife', '电饭煲'],
        ['18 cm', '20 cm', '24 cm', '28 cm', '30 cm', '32 cm']
    ),
    (
        'toys', 'family', 85, 2.1, 0.05, 2,
        ['Puzzle', '积木', 'Plüsch panda', '风筝', 'Board game', '拼图'],
        ['3+', '5+', '7+', '9+', '12+', '14+']
    ),
    (
        'pets', 'family', 65, 1.1, 0.02, 1,
        ['Cat food', '猫粮', 'Dog food', '狗粮', 'Cat litter', '宠物零食'],
        ['400 g', '800 g', '1.5 kg', '3 kg', '6 kg', '10 kg']
    )
) as goods (
    category, department, typical_price, elasticity, return_chance, single_share,
    kinds, sizes
);
-- The linter knows no expressions in `set variable`.
-- noqa: disable=PRS
set variable category_count = (select cast(count(*) as integer) from categories);
-- Electronics: dear and easily sold on, which fraudsters like.
set variable burst_category = (
    select category_number from categories where category = 'electronics'
);
-- noqa: enable=PRS

-- One row per city that users live in, and the number of its store; 0, without a store,
-- buys online only.
create or replace temp table cities as
from (
    values
    (0, '北京', '北京市', 1),
    (1, '上海', '上海市', 2),
    (2, '广州', '广东省', 3),
    (3, '成都', '四川省', 4),
    (4, '深圳', '广东省', 3),
    (5, '杭州', '浙江省', 0),
    (6, 'Hong Kong', 'Hong Kong', 0),
    (7, 'Zürich', 'Zürich', 0),
    (8, 'São Paulo', 'São Paulo', 0),
    (9, 'Montréal', 'Québec', 0)
) as cities (city_number, city, region, home_store);
set variable city_count = (select count(*) from cities); -- noqa: PRS
-- The first so many cities speak Chinese.
set variable chinese_cities = 6;
