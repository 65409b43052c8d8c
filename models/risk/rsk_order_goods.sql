-- one row per order and rule about bulk or reviews: its value as of the order's time
with

rules as (select * from {{ ref('rsk_rules') }}),
orders as (select * from {{ ref('rsk_orders') }}),

sale_lines as (
    select
        *,
        coalesce(discount_amount, 0) + coalesce(coupon_amount, 0) as reduction,
        quantity as units
    from {{ ref('transactions') }}
    where line_kind = 'sale' and is_basket_line and user_id is not null
),

reduced_lines as (
    select * from sale_lines
    where
        reduction > 0
        and reduction
        >= {{ var('risk').bulk_discount_share }} * (net_amount + reduction)
),

-- a product may stand on several lines of an order
reduced_goods as (
    select
        order_id,
        user_id,
        product_id,
        max(ordered_at) as ordered_at,
        sum(units) as units
    from reduced_lines
    group by order_id, user_id, product_id
),

-- whoever bought half as much at the full price before buys in bulk as a habit
bulk_buyers as (
    select
        sale_lines.user_id,
        min(sale_lines.ordered_at) as bulk_since
    from sale_lines
    inner join rules on rules.rule = 'discounted_bulk'
    where sale_lines.reduction = 0 and sale_lines.units >= rules.threshold / 2
    group by sale_lines.user_id
),

bulk as (
    select
        orders.order_id,
        rules.rule,
        reduced_goods.product_id,
        sum(earlier.units) as rule_value
    from orders
    inner join reduced_goods on orders.order_id = reduced_goods.order_id
    inner join rules on rules.rule = 'discounted_bulk'
    inner join reduced_goods as earlier
        on
            reduced_goods.user_id = earlier.user_id
            and reduced_goods.product_id = earlier.product_id
            and reduced_goods.ordered_at >= earlier.ordered_at
            and earlier.ordered_at
            > {{ instant_after('reduced_goods.ordered_at', '-rules.window_days') }}
    left join bulk_buyers on reduced_goods.user_id = bulk_buyers.user_id
    where
        bulk_buyers.bulk_since is null
        or bulk_buyers.bulk_since >= orders.ordered_at
    group by orders.order_id, rules.rule, reduced_goods.product_id
),

first_bought as (
    select
        user_id,
        product_id,
        min(ordered_at) as bought_at
    from sale_lines
    where user_id in (select reviews.user_id from {{ ref('reviews') }} as reviews)
    group by user_id, product_id
),

unbought as (
    select
        reviews.user_id,
        reviews.reviewed_at,
        row_number() over (
            partition by reviews.user_id, reviews.reviewed_on
            order by reviews.reviewed_at, reviews.review_id
        ) as review_number
    from {{ ref('reviews') }} as reviews
    left join first_bought
        on
            reviews.user_id = first_bought.user_id
            and reviews.product_id = first_bought.product_id
            and reviews.reviewed_at >= first_bought.bought_at
    where reviews.user_id is not null and first_bought.user_id is null
),

reviewed as (
    select
        orders.order_id,
        rules.rule,
        max(unbought.review_number) as rule_value
    from orders
    inner join unbought on orders.user_id = unbought.user_id
    inner join rules on rules.rule = 'reviews_unbought'
    where
        orders.ordered_at > unbought.reviewed_at
        and unbought.reviewed_at
        > {{ instant_after('orders.ordered_at', '-rules.window_days') }}
    group by orders.order_id, rules.rule
),

united as (
    select
        order_id,
        rule,
        max(rule_value) as rule_value
    from bulk
    group by order_id, rule
    union all
    select
        order_id,
        rule,
        rule_value
    from reviewed
)

select
    order_id,
    rule,
    cast(rule_value as double) as rule_value,
    cast(null as date) as lapses_on
from united
