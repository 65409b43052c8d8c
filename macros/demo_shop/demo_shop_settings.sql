{# All that the tables of the made-up shop share, or one sentence on what is wrong. #}
{% macro demo_shop_settings(users, days, seed, folder, unknown, growth={}) -%}
    {%- set defaults = var('demo_shop') -%}
    {%- set given = {
        'users': defaults.users if users is none else users,
        'days': defaults.days if days is none else days,
        'seed': defaults.seed if seed is none else seed,
    } -%}
    {%- do given.update(
        horizon_days=growth.horizon_days or given.days,
        history_days=growth.history_days or given.days,
    ) -%}
    {%- if unknown -%}
        {{ exceptions.raise_compiler_error(
            'make_demo_shop: expected the arguments users, days, seed, folder, '
            ~ 'horizon_days, history_days and plan, found ' ~ unknown | sort | join(', ') ~ '.'
        ) }}
    {%- endif -%}
    {%- for name, least in [
        ('users', 1), ('days', 1), ('seed', 0), ('horizon_days', given.days),
        ('history_days', 1),
    ]
        if given[name] is not integer or given[name] < least -%}
        {{ exceptions.raise_compiler_error(
            'make_demo_shop: expected ' ~ name ~ ' as a whole number of at least '
            ~ least ~ ', found ' ~ given[name] ~ '.'
        ) }}
    {%- endfor -%}

    {%- set last_day
        = modules.datetime.datetime.strptime(defaults.last_date, '%Y-%m-%d') -%}
    {#- accounts are up to a year, products five years older than the data -#}
    {%- set most_days = last_day.toordinal()
        - modules.datetime.date(2006, 1, 1).toordinal() -%}
    {#- numbers that order ids can hold: 2^36 -#}
    {%- set order_numbers = 68719476736 -%}
    {%- if given.horizon_days > most_days -%}
        {{ exceptions.raise_compiler_error(
            'make_demo_shop: expected days as at most ' ~ most_days
            ~ ', because data before 2000 counts as a wrong clock, found '
            ~ given.horizon_days ~ '.'
        ) }}
    {%- elif given.users * given.horizon_days * 18 > order_numbers -%}
        {{ exceptions.raise_compiler_error(
            'make_demo_shop: expected users x days as at most '
            ~ order_numbers // 18 ~ ', which is what order ids can hold, found '
            ~ given.users * given.horizon_days ~ '.'
        ) }}
    {%- endif -%}

    {#- the last day of all there will be, and of what there is -#}
    {%- set first_day
        = last_day - modules.datetime.timedelta(days=given.horizon_days - 1) -%}
    {%- set end_day = first_day + modules.datetime.timedelta(days=given.days) -%}
    {%- set first_weekday = first_day.weekday() -%}
    {%- set zone = var('shops').demo_shop.timezone -%}
    {%- set instant = "timezone('UTC', timezone('" ~ zone ~ "', timestamp '" -%}
    {#-
        locations: the warehouse that serves web and app, then the stores;
        sensitivities: how strongly the three kinds of user follow prices;
        extra_coupon_share: of the orders an offer brings, those that use its coupon;
        followed_share: of the visits on line, those whose clicks are known;
        choice_share: of an elasticity, the part that moves lines rather than units a
        line; burst_category: electronics, dear and easily sold on
    -#}
    {{ return({
        'users': given.users,
        'days': given.days,
        'seed': given.seed,
        'horizon_days': given.horizon_days,
        'history_days': given.history_days,
        'has_plan': growth.plan is not none and growth.plan is defined,
        'plan': (growth.plan or '') | replace("'", "''"),
        'folder': (folder or demo_shop_folder()) | replace("'", "''"),
        'currency': defaults.currency,
        'first_date': first_day.strftime('%Y-%m-%d'),
        'first_weekday': first_weekday,
        'first_monday': (
            first_day - modules.datetime.timedelta(days=first_weekday)
        ).strftime('%Y-%m-%d'),
        'last_year': last_day.year,
        'first_instant': instant ~ first_day.strftime('%Y-%m-%d') ~ "'))",
        'end_instant': instant ~ end_day.strftime('%Y-%m-%d') ~ "'))",
        'weeks': (given.days + first_weekday + 6) // 7,
        'order_numbers': order_numbers,
        'products_per_category': defaults.products_per_category,
        'categories': demo_shop_categories(),
        'services': [
            {'name': '配送费 Delivery', 'price_cents': 800, 'cost_cents': 600},
            {'name': '礼品包装 Gift wrap', 'price_cents': 500, 'cost_cents': 200},
        ],
        'locations': ['L00', 'L01', 'L02', 'L03', 'L04'],
        'sensitivities': [0.4, 1.0, 1.7],
        'consent_shares': {'email': 0.8, 'sms': 0.65, 'push': 0.6, 'ads': 0.7},
        'extra_coupon_share': 0.5,
        'followed_share': 0.4,
        'choice_share': 0.75,
        'burst_category': 12,
        'words': demo_shop_words(),
    }) }}
{%- endmacro %}
