{# What the shop sells. `elasticity`: how many per cent more units sell for one per
   cent less price, to a user of price sensitivity 1. `single_share`: how rarely more
   than one is bought. Products are named by a kind and a size. #}
{% macro demo_shop_categories() -%}
    {{ return([
        {'category': 'coffee and tea', 'department': 'food', 'elasticity': 1.8,
         'price': 42, 'return_chance': 0.01, 'single_share': 1,
         'kinds': ['Café beans', '绿茶', '乌龙茶', 'Crème coffee', '普洱茶', 'Maté'],
         'sizes': ['100 g', '200 g', '250 g', '500 g', '1 kg', '礼盒']},
        {'category': 'snacks', 'department': 'food', 'elasticity': 2.6,
         'price': 15, 'return_chance': 0.01, 'single_share': 0.7,
         'kinds': ['Rice crackers', '坚果', '薯片', 'Crêpe bites', '海苔', 'Chocolate'],
         'sizes': ['50 g', '80 g', '120 g', '200 g', '3 × 50 g', '大包']},
        {'category': 'rice and noodles', 'department': 'food', 'elasticity': 1.2,
         'price': 28, 'return_chance': 0.01, 'single_share': 1,
         'kinds': ['Jasmine rice', '大米', '面条', 'Rice noodles', '糙米', 'Müsli'],
         'sizes': ['500 g', '1 kg', '2 kg', '2.5 kg', '5 kg', '10 kg']},
        {'category': 'drinks', 'department': 'food', 'elasticity': 2.2,
         'price': 12, 'return_chance': 0.01, 'single_share': 0.6,
         'kinds': ['Açaí juice', '矿泉水', '豆浆', 'Ginger ale', '酸梅汤', 'Oat milk'],
         'sizes': ['250 ml', '330 ml', '500 ml', '1 l', '6 × 330 ml', '12 × 500 ml']},
        {'category': 'dairy', 'department': 'food', 'elasticity': 1.4,
         'price': 22, 'return_chance': 0.01, 'single_share': 0.8,
         'kinds': ['Yogurt', '牛奶', '奶酪', 'Crème fraîche', 'Butter', '酸奶'],
         'sizes': ['150 g', '200 g', '400 g', '500 g', '4 × 125 g', '家庭装']},
        {'category': 'fruit', 'department': 'food', 'elasticity': 1.6,
         'price': 25, 'return_chance': 0.03, 'single_share': 0.9,
         'kinds': ['Apples', '荔枝', '芒果', 'Jabuticaba', '苹果', 'Blueberries'],
         'sizes': ['250 g', '500 g', '1 kg', '2 kg', '3 kg', '一箱']},
        {'category': 'cleaning', 'department': 'household', 'elasticity': 2.0,
         'price': 24, 'return_chance': 0.02, 'single_share': 1,
         'kinds': ['Detergent', '洗洁精', 'Dish soap', '消毒液', 'Sponges', '垃圾袋'],
         'sizes': ['small', 'medium', 'large', 'refill', '2 pack', '家庭装']},
        {'category': 'paper', 'department': 'household', 'elasticity': 2.4,
         'price': 26, 'return_chance': 0.01, 'single_share': 0.8,
         'kinds': ['Tissues', '纸巾', 'Kitchen roll', '卫生纸', 'Napkins', '湿巾'],
         'sizes': ['6 rolls', '12 rolls', '24 rolls', '3 boxes', '10 packs', '一提']},
        {'category': 'skin care', 'department': 'beauty', 'elasticity': 1.5,
         'price': 110, 'return_chance': 0.05, 'single_share': 2,
         'kinds': ['Crème légère', '面膜', 'Sun cream', '精华液', 'Cleanser', '护手霜'],
         'sizes': ['15 ml', '30 ml', '50 ml', '75 ml', '100 ml', '套装']},
        {'category': 'hair care', 'department': 'beauty', 'elasticity': 1.9,
         'price': 55, 'return_chance': 0.03, 'single_share': 1.5,
         'kinds': ['Shampoo', '护发素', 'Hair oil', '洗发水', 'Hair mask', '发膜'],
         'sizes': ['100 ml', '200 ml', '250 ml', '400 ml', '500 ml', '套装']},
        {'category': 'clothing', 'department': 'fashion', 'elasticity': 2.3,
         'price': 160, 'return_chance': 0.16, 'single_share': 3,
         'kinds': ['T-shirt', '衬衫', 'Béret', '旗袍', 'Jacket', '牛仔裤'],
         'sizes': ['XS', 'S', 'M', 'L', 'XL', 'XXL']},
        {'category': 'shoes', 'department': 'fashion', 'elasticity': 1.7,
         'price': 280, 'return_chance': 0.18, 'single_share': 4,
         'kinds': ['Sneakers', '布鞋', 'Sandals', '运动鞋', 'Boots', '拖鞋'],
         'sizes': ['36', '38', '40', '42', '44', '46']},
        {'category': 'electronics', 'department': 'home', 'elasticity': 1.3,
         'price': 900, 'return_chance': 0.08, 'single_share': 6,
         'kinds': ['Headphones', '充电宝', 'Smart watch', '路由器', 'Tablet', '音箱'],
         'sizes': ['mini', 'lite', 'air', 'plus', 'pro', 'max']},
        {'category': 'kitchen', 'department': 'home', 'elasticity': 1.4,
         'price': 120, 'return_chance': 0.05, 'single_share': 2.5,
         'kinds': ['Wok', '砂锅', 'Fondue set', '茶壶', 'Knife', '电饭煲'],
         'sizes': ['18 cm', '20 cm', '24 cm', '28 cm', '30 cm', '32 cm']},
        {'category': 'toys', 'department': 'family', 'elasticity': 2.1,
         'price': 85, 'return_chance': 0.05, 'single_share': 2,
         'kinds': ['Puzzle', '积木', 'Plüsch panda', '风筝', 'Board game', '拼图'],
         'sizes': ['3+', '5+', '7+', '9+', '12+', '14+']},
        {'category': 'pets', 'department': 'family', 'elasticity': 1.1,
         'price': 65, 'return_chance': 0.02, 'single_share': 1,
         'kinds': ['Cat food', '猫粮', 'Dog food', '狗粮', 'Cat litter', '宠物零食'],
         'sizes': ['400 g', '800 g', '1.5 kg', '3 kg', '6 kg', '10 kg']},
    ]) }}
{%- endmacro %}

{# Where the users live; the first location is the warehouse that serves web and app,
   the others are stores. A city without a store buys online only. #}
{% macro demo_shop_cities() -%}
    {{ return([
        {'city': '北京', 'region': '北京市', 'store': 1},
        {'city': '上海', 'region': '上海市', 'store': 2},
        {'city': '广州', 'region': '广东省', 'store': 3},
        {'city': '成都', 'region': '四川省', 'store': 4},
        {'city': '深圳', 'region': '广东省', 'store': 3},
        {'city': '杭州', 'region': '浙江省', 'store': 0},
        {'city': 'Hong Kong', 'region': 'Hong Kong', 'store': 0},
        {'city': 'Zürich', 'region': 'Zürich', 'store': 0},
        {'city': 'São Paulo', 'region': 'São Paulo', 'store': 0},
        {'city': 'Montréal', 'region': 'Québec', 'store': 0},
    ]) }}
{%- endmacro %}

{# Days on which people buy more (`boost` above 1) or less, to a user of price
   sensitivity 1. A table of dates, because the lunar calendar has no short formula. #}
{% macro demo_shop_festivals() -%}
    select
        festival_name,
        boost,
        unnest(range(first_date, last_date + interval 1 day, interval 1 day))::date
            as festival_date
    from (
        {% for year in range(2000, 2041) %}
        select
            '618 Festival' as festival_name,
            1.6 as boost,
            date '{{ year }}-06-16' as first_date,
            date '{{ year }}-06-18' as last_date
        union all
        select 'National Day', 1.2, date '{{ year }}-10-01', date '{{ year }}-10-07'
        union all
        select 'Singles'' Day', 1.8, date '{{ year }}-11-09', date '{{ year }}-11-11'
        union all
        select 'Double Twelve', 1.4, date '{{ year }}-12-11', date '{{ year }}-12-12'
        union all
        {% endfor %}
        {% for new_year in [
            '2015-02-19', '2016-02-08', '2017-01-28', '2018-02-16', '2019-02-05',
            '2020-01-25', '2021-02-12', '2022-02-01', '2023-01-22', '2024-02-10',
            '2025-01-29', '2026-02-17', '2027-02-06', '2028-01-26', '2029-02-13',
            '2030-02-03',
        ] %}
        select
            'Before Spring Festival',
            1.4,
            date '{{ new_year }}' - 12,
            date '{{ new_year }}' - 3
        union all
        select
            'Spring Festival',
            0.6,
            date '{{ new_year }}' - 1,
            date '{{ new_year }}' + 6
        {{ 'union all' if not loop.last }}
        {% endfor %}
    )
{%- endmacro %}
