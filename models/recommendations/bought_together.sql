-- one row per product and place: a product that the same orders hold
{% set limits = var('bought_together') -%}
with

as_of_dates as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

goods as (
    select product_id from {{ ref('products') }}
    where product_kind = 'goods'
),

sales as (
    select * from {{ ref('transactions') }}
    where is_basket_line and not is_cancelled
),

lines as (
    select distinct
        sales.order_id,
        sales.user_id,
        sales.product_id
    from sales
    inner join goods on sales.product_id = goods.product_id
    cross join as_of_dates
    where
        {{ days_between('sales.order_date', 'as_of_dates.as_of_date') }}
        between 1 and {{ limits.days }}
),

-- products that too few orders hold make no pair
frequent as (
    select
        *,
        count(*) over (partition by product_id) as order_count
    from lines
    qualify order_count >= {{ limits.least_orders }}
),

-- of a long order so many, drawn by a hash
cut as (
    select * from frequent
    qualify row_number() over (
        partition by order_id
        order by md5(concat(order_id, ':', product_id)), product_id
    ) <= {{ limits.products_per_order }}
),

orders_counted as (
    select count(distinct order_id) as total_count from lines
),

pairs as (
    select
        firsts.product_id,
        seconds.product_id as other_product_id,
        count(*) as both_count,
        count(distinct firsts.user_id) as user_count,
        min(firsts.order_count) as order_count,
        min(seconds.order_count) as other_order_count
    from cut as firsts
    inner join cut as seconds
        on firsts.order_id = seconds.order_id and firsts.product_id < seconds.product_id
    group by firsts.product_id, seconds.product_id
    having
        count(*) >= {{ limits.least_orders }}
        and count(distinct firsts.user_id) >= {{ var('minimum_cell_users') }}
),

both_ways as (
    select * from pairs
    union all
    select
        other_product_id as product_id,
        product_id as other_product_id,
        both_count,
        user_count,
        other_order_count as order_count,
        order_count as other_order_count
    from pairs
),

ranked as (
    select
        both_ways.*,
        both_ways.both_count / cast(both_ways.order_count as double) as order_share,
        both_ways.both_count * cast(orders_counted.total_count as double)
        / (both_ways.order_count * both_ways.other_order_count) as lift,
        row_number() over (
            partition by both_ways.product_id
            order by both_ways.both_count desc, both_ways.other_product_id asc
        ) as pair_rank
    from both_ways
    cross join orders_counted
),

typed as (
    select
        cast(ranked.product_id as string) as product_id,
        cast(ranked.other_product_id as string) as other_product_id,
        cast(ranked.pair_rank as bigint) as pair_rank,
        cast(ranked.both_count as bigint) as order_count,
        cast(ranked.order_share as double) as order_share,
        cast(ranked.lift as double) as lift,
        as_of_dates.as_of_date
    from ranked
    cross join as_of_dates
    where ranked.pair_rank <= {{ limits.kept }}
)

select * from typed
