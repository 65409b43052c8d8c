-- one row per offer, user and as-of date: what the user bought of what coupons cover
with

candidates as (select * from {{ ref('ftr_user_offer__candidates') }}),
coupon_products as (select * from {{ ref('ftr_offer__products') }}),

transactions as (
    select * from {{ ref('transactions') }}
    where user_id is not null and line_kind = 'sale' and not is_cancelled
),

offer_products as (
    select
        offer_id,
        product_id,
        count(*) as coupon_count
    from coupon_products
    group by offer_id, product_id
),

-- what no offer covers, and offers that the user is no candidate of, never meet
covered_lines as (
    select
        transactions.user_id,
        offer_products.offer_id,
        transactions.product_id,
        transactions.order_date,
        count(*) as line_count,
        sum(transactions.net_amount) as net_amount
    from transactions
    inner join offer_products on transactions.product_id = offer_products.product_id
    semi join candidates
        on
            transactions.user_id = candidates.user_id
            and offer_products.offer_id = candidates.offer_id
    group by
        transactions.user_id,
        offer_products.offer_id,
        transactions.product_id,
        transactions.order_date
),

covered_purchases as (
    select
        candidates.user_id,
        candidates.offer_id,
        candidates.as_of_date,
        covered_lines.product_id,
        sum(covered_lines.line_count) as line_count,
        sum(covered_lines.net_amount) as net_amount,
        sum(
            case
                when
                    covered_lines.order_date
                    >= {{ days_after('candidates.as_of_date', -91) }}
                    then covered_lines.line_count
                else 0
            end
        ) as line_count_91d
    from candidates
    inner join covered_lines
        on
            candidates.user_id = covered_lines.user_id
            and candidates.offer_id = covered_lines.offer_id
            and candidates.as_of_date > covered_lines.order_date
    group by
        candidates.user_id,
        candidates.offer_id,
        candidates.as_of_date,
        covered_lines.product_id
),

products_summed as (
    select
        user_id,
        offer_id,
        as_of_date,
        cast(count(*) as bigint) as covered_product_count,
        cast(sum(line_count) as bigint) as covered_line_count,
        cast(sum(line_count_91d) as bigint) as covered_line_count_91d,
        cast(sum(net_amount) as decimal(18, 2)) as covered_amount
    from covered_purchases
    group by user_id, offer_id, as_of_date
),

coupons_summed as (
    select
        covered_purchases.user_id,
        covered_purchases.offer_id,
        covered_purchases.as_of_date,
        cast(count(distinct coupon_products.coupon_id) as bigint)
            as matched_coupon_count
    from covered_purchases
    inner join coupon_products
        on
            covered_purchases.offer_id = coupon_products.offer_id
            and covered_purchases.product_id = coupon_products.product_id
    group by
        covered_purchases.user_id,
        covered_purchases.offer_id,
        covered_purchases.as_of_date
),

joined as (
    select
        products_summed.user_id,
        products_summed.offer_id,
        products_summed.covered_product_count,
        products_summed.covered_line_count,
        products_summed.covered_line_count_91d,
        coupons_summed.matched_coupon_count,
        products_summed.covered_amount,
        products_summed.as_of_date
    from products_summed
    inner join coupons_summed
        on
            products_summed.user_id = coupons_summed.user_id
            and products_summed.offer_id = coupons_summed.offer_id
            and products_summed.as_of_date = coupons_summed.as_of_date
)

select * from joined
