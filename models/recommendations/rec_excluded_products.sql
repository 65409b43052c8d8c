-- one row per user and product of the user's lists that is left out, and why
with

unavailable as (select * from {{ ref('rec_unavailable_products') }}),
events as (select * from {{ ref('events') }}),
returns as (select * from {{ ref('returns') }}),
product_days as (select * from {{ ref('ftr_user_product__days') }}),
snapshot as (select * from {{ ref('ftr_user_product__snapshot') }}),
scores as (select * from {{ ref('ml_user_product__scores') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

listed as (
    select distinct
        scores.user_id,
        scores.product_id,
        scoring.as_of_date
    from scores
    inner join scoring on cast(scores.as_of_date as date) = scoring.as_of_date
),

features as (
    select snapshot.*
    from snapshot
    inner join scoring on snapshot.as_of_date = scoring.as_of_date
),

-- what was taken out again is not in the cart
cart_events as (
    select * from events
    where event_type in ('add_to_cart', 'remove_from_cart')
    qualify row_number() over (
        partition by user_id, product_id
        order by occurred_at desc, event_type desc, event_id desc
    ) = 1
),

in_cart as (
    select distinct
        cart_events.user_id,
        cart_events.product_id
    from cart_events
    cross join scoring
    left join product_days
        on
            cart_events.user_id = product_days.user_id
            and cart_events.product_id = product_days.product_id
            and cart_events.occurred_on <= product_days.activity_date
    where
        cart_events.event_type = 'add_to_cart'
        and product_days.user_id is null
        and {{ days_between('cart_events.occurred_on', 'scoring.as_of_date') }}
        between 1 and {{ var('cart_days') }}
),

sent_back as (
    select distinct
        returns.user_id,
        returns.product_id
    from returns
    cross join scoring
    where
        returns.return_kind = 'returned'
        and {{ days_between('returns.returned_on', 'scoring.as_of_date') }}
        between 1 and {{ var('returned_product_days') }}
),

excluded as (
    select
        listed.user_id,
        listed.product_id,
        case
            when unavailable.product_id is not null then unavailable.exclusion
            when in_cart.product_id is not null then 'in_cart'
            when sent_back.product_id is not null then 'returned'
            when
                features.days_since_last_bought < {{ var('bought_lately_share') }}
                * coalesce(features.mean_bought_gap_days, features.usual_gap_days)
                then 'bought_lately'
        end as exclusion,
        listed.as_of_date
    from listed
    inner join features
        on
            listed.user_id = features.user_id
            and listed.product_id = features.product_id
    left join unavailable on listed.product_id = unavailable.product_id
    left join in_cart
        on
            listed.user_id = in_cart.user_id
            and listed.product_id = in_cart.product_id
    left join sent_back
        on
            listed.user_id = sent_back.user_id
            and listed.product_id = sent_back.product_id
),

told as (
    select * from excluded
    where exclusion is not null
)

select * from told
