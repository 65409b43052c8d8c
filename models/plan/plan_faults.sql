-- one row per fault of the seeds that make the plan, as a sentence
{% set keys = {
    'campaign_plan': 'campaign_id',
    'offers': 'offer_id',
    'channels': 'channel',
    'blackout_dates': 'reason',
    'suppressions': 'user_id',
    'audience_rules': 'audience_rule',
    'draft_templates': 'template_id',
    'decision_corrections': 'campaign_id',
} -%}
with

tasks as (select task from {{ ref('learning_tasks') }}),

products as (
    select * from {{ ref('products') }}
    where product_kind = 'goods'
),

segments as (select segment_name from {{ ref('rfm_segments') }}),

shop_users as (select user_id from {{ ref('users') }}),

festivals as (
    select coalesce(shopping_festival, holiday_name) as festival_name
    from {{ ref('market_calendar') }}
),

shop_campaigns as (
    select
        campaign_id,
        starts_on
    from {{ ref('campaign_calendar') }}
),

{% for seed in keys -%}
    {{ seed }} as (
        select * from {{ ref(seed) }}
        where shop = '{{ active_source() }}'
    ),

{% endfor -%}
categories as (
    {% for column in ['department', 'category', 'subcategory'] -%}
        select {{ column }} as category from products
        where {{ column }} is not null
        {% if not loop.last %}union distinct{% endif %}
    {% endfor %}
),

audiences as (
    select audience_rule from audience_rules
    {% for name in plan_audiences() -%}
        union distinct
        select '{{ name }}' as audience_rule
    {% endfor %}
),

-- the ids in a list of products, one row each
listed_products as (
    select
        offer_id,
        {{ words_of('eligible_products') }} as product_id
    from offers
    where eligible_products is not null
),

named_segments as (
    select
        audience_rule,
        value,
        {{ words_of('value', ';') }} as segment_name
    from audience_rules
    where attribute = 'segment_name' and operator in ('one_of', 'equals')
),

repeated as (
    {% for seed, column in {
        'campaign_plan': 'campaign_id',
        'offers': 'offer_id',
        'channels': 'channel',
        'draft_templates': 'template_id',
        'decision_corrections': 'user_id',
    }.items() -%}
        select
            concat(
                'Seed {{ seed }}, {{ keys[seed] }} ', {{ keys[seed] }},
                ', column {{ column }}: expected once, found ', {{ column }}, ' ',
                cast(count(*) as string), ' times.'
            ) as sentence
        from {{ seed }}
        where {{ keys[seed] }} is not null and {{ column }} is not null
        group by {{ [keys[seed], column] | unique | join(', ') }}
        having count(*) > 1
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

broken as (
    {% for seed, column, broken, expected in plan_checks() -%}
        select {{ plan_sentence(seed, keys[seed], column, expected) }} as sentence
        from {{ seed }}
        where {{ broken }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

unknown_products as (
    select
        concat(
            'Seed offers, offer_id ', listed_products.offer_id,
            ', column eligible_products: expected products of the shop, found ',
            listed_products.product_id, '.'
        ) as sentence
    from listed_products
    anti join products on listed_products.product_id = products.product_id
),

unknown_segments as (
    select
        {{ plan_sentence(
            'audience_rules', 'audience_rule', 'value', 'segments of rfm_segments'
        ) }} as sentence
    from named_segments
    anti join segments on named_segments.segment_name = segments.segment_name
),

-- a launched campaign appears in the shop's tables once it runs; other ids must not
taken_ids as (
    select
        concat(
            'Seed campaign_plan, campaign_id ', campaign_plan.campaign_id,
            ', column campaign_id: expected an id of its own, found that of ',
            'a campaign of the shop from ',
            cast(shop_campaigns.starts_on as string), '.'
        ) as sentence
    from campaign_plan
    inner join shop_campaigns on campaign_plan.campaign_id = shop_campaigns.campaign_id
    where
        coalesce(
            shop_campaigns.starts_on <> try_cast(campaign_plan.starts_on as date), true
        )
),

other_shops as (
    {% for seed in keys -%}
        select
            {{ plan_sentence(seed, keys[seed], 'shop', 'a shop of var shops') }}
                as sentence
        from {{ ref(seed) }}
        where {{ not_one_of('shop', var('shops')) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

united as (
    select sentence from repeated
    union all
    select sentence from broken
    union all
    select sentence from unknown_products
    union all
    select sentence from unknown_segments
    union all
    select sentence from taken_ids
    union all
    select sentence from other_shops
)

select distinct sentence from united
