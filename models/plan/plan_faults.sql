-- one row per fault of the seeds that make the plan, as a sentence
{% set keys = {
    'campaign_plan': 'campaign_id', 'offers': 'offer_id', 'channels': 'channel',
    'blackout_dates': 'reason', 'suppressions': 'user_id',
    'audience_rules': 'audience_rule',
    'point_rules': 'first_date', 'tier_rules': 'tier',
    'draft_templates': 'template_id', 'decision_corrections': 'campaign_id',
} -%}
with

choices as (select * from {{ ref('plan_choices') }}),

products as (
    select * from {{ ref('products') }}
    where product_kind = 'goods'
),

shop_users as (select user_id from {{ ref('users') }}),
shop_campaigns as (select * from {{ ref('campaign_calendar') }}),

{% for seed in keys -%}
    {{ seed }} as (
        select * from {{ ref(seed) }}
        where shop = '{{ active_source() }}'
    ),

{% endfor -%}
known_campaigns as (
    {{ known_campaigns() }}
),

audiences as (
    select audience_rule from audience_rules
    union distinct
    select choice from choices
    where column_name = 'audience_rule'
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
        'point_rules': 'first_date', 'tier_rules': 'tier',
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
    anti join choices
        on
            named_segments.segment_name = choices.choice
            and choices.column_name = 'segment_name'
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
    {% for found in ['repeated', 'broken', 'unknown_products', 'unknown_segments',
        'taken_ids', 'other_shops'] -%}
        select sentence from {{ found }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select distinct sentence from united
