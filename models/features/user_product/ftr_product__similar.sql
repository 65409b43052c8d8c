-- one row per product, product that the same users buy, and as-of date
{% set limits = var('similar_products') -%}
with

-- a sample of the users is enough to see what goes together
users as (
    select * from {{ ref('ftr_user_product__users') }}
    where is_drawn
),

product_days as (select * from {{ ref('ftr_user_product__days') }}),

popular as (
    select * from {{ ref('ftr_product__popularity') }}
    where buyer_count_91d >= {{ limits.least_buyers }}
),

bought as (
    select
        users.user_id,
        product_days.product_id,
        {{ decayed_sum(
            days_between('product_days.activity_date', 'users.as_of_date'), 60
        ) }} as decayed_day_count,
        users.as_of_date
    from users
    inner join product_days
        on
            users.user_id = product_days.user_id
            and users.as_of_date > product_days.activity_date
    inner join popular
        on
            product_days.product_id = popular.product_id
            and users.as_of_date = popular.as_of_date
    group by users.user_id, product_days.product_id, users.as_of_date
),

-- long histories are cut: their pairs grow with the square
kept as (
    select * from bought
    qualify row_number() over (
        partition by user_id, as_of_date
        order by decayed_day_count desc, product_id asc
    ) <= {{ limits.products_per_user }}
),

buyers as (
    select
        product_id,
        count(*) as buyer_count,
        as_of_date
    from kept
    group by product_id, as_of_date
),

counted as (
    select
        firsts.product_id,
        seconds.product_id as similar_product_id,
        count(*) as buyer_count,
        firsts.as_of_date
    from kept as firsts
    inner join kept as seconds
        on
            firsts.user_id = seconds.user_id
            and firsts.as_of_date = seconds.as_of_date
            and firsts.product_id < seconds.product_id
    group by firsts.product_id, seconds.product_id, firsts.as_of_date
    having count(*) >= {{ limits.least_common_buyers }}
),

both_ways as (
    select * from counted
    union all
    select
        similar_product_id as product_id,
        product_id as similar_product_id,
        buyer_count,
        as_of_date
    from counted
),

ranked as (
    select
        both_ways.product_id,
        both_ways.similar_product_id,
        both_ways.buyer_count as common_buyer_count,
        -- the cosine of the two columns of buyers
        both_ways.buyer_count
        / sqrt(cast(buyers.buyer_count * similar_buyers.buyer_count as double))
            as similarity,
        both_ways.as_of_date
    from both_ways
    inner join buyers
        on
            both_ways.product_id = buyers.product_id
            and both_ways.as_of_date = buyers.as_of_date
    inner join buyers as similar_buyers
        on
            both_ways.similar_product_id = similar_buyers.product_id
            and both_ways.as_of_date = similar_buyers.as_of_date
    qualify row_number() over (
        partition by both_ways.product_id, both_ways.as_of_date
        order by similarity desc, both_ways.similar_product_id asc
    ) <= {{ limits.kept }}
)

select * from ranked
