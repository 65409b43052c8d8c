-- one row per product, product that the same users buy, and as-of date
{% set limits = var('similar_products') -%}
with

-- a sample of the users is enough to see what goes together
users as (
    select * from {{ ref('ftr_user_product__users') }}
    where is_drawn
),

product_days as (select * from {{ ref('ftr_user_product__days') }}),

-- numbers are paired several times as fast as names
popular as (
    select
        product_id,
        as_of_date,
        row_number() over (order by as_of_date, product_id) as product_number
    from {{ ref('ftr_product__popularity') }}
    where buyer_count_91d >= {{ limits.least_buyers }}
),

histories as (
    select
        user_id,
        as_of_date,
        row_number() over (order by as_of_date, user_id) as history_number
    from users
),

bought as (
    select
        histories.history_number,
        popular.product_number,
        {{ decayed_sum(
            days_between('product_days.activity_date', 'histories.as_of_date'), 60
        ) }} as decayed_day_count
    from histories
    inner join product_days
        on
            histories.user_id = product_days.user_id
            and histories.as_of_date > product_days.activity_date
    inner join popular
        on
            product_days.product_id = popular.product_id
            and histories.as_of_date = popular.as_of_date
    group by histories.history_number, popular.product_number
),

-- long histories are cut: their pairs grow with the square
kept as (
    select * from bought
    qualify row_number() over (
        partition by history_number
        order by decayed_day_count desc, product_number asc
    ) <= {{ limits.products_per_user }}
),

buyers as (
    select
        product_number,
        count(*) as buyer_count
    from kept
    group by product_number
),

counted as (
    select
        firsts.product_number,
        seconds.product_number as similar_product_number,
        count(*) as buyer_count
    from kept as firsts
    inner join kept as seconds
        on
            firsts.history_number = seconds.history_number
            and firsts.product_number < seconds.product_number
    group by firsts.product_number, seconds.product_number
    having count(*) >= {{ limits.least_common_buyers }}
),

both_ways as (
    select * from counted
    union all
    select
        similar_product_number as product_number,
        product_number as similar_product_number,
        buyer_count
    from counted
),

measured as (
    select
        both_ways.product_number,
        both_ways.similar_product_number,
        both_ways.buyer_count as common_buyer_count,
        -- the cosine of the two columns of buyers
        both_ways.buyer_count
        / sqrt(cast(buyers.buyer_count * similar_buyers.buyer_count as double))
            as similarity
    from both_ways
    inner join buyers on both_ways.product_number = buyers.product_number
    inner join buyers as similar_buyers
        on both_ways.similar_product_number = similar_buyers.product_number
    -- numbers of a date stand in the order of the names
    qualify row_number() over (
        partition by both_ways.product_number
        order by similarity desc, both_ways.similar_product_number asc
    ) <= {{ limits.kept }}
),

named as (
    select
        popular.product_id,
        similar_products.product_id as similar_product_id,
        measured.common_buyer_count,
        measured.similarity,
        popular.as_of_date
    from measured
    inner join popular on measured.product_number = popular.product_number
    inner join popular as similar_products
        on measured.similar_product_number = similar_products.product_number
)

select * from named
