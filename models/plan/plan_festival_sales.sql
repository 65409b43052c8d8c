-- one row per festival ahead and category that sold more for it last year than usual
with

festivals as (select * from {{ ref('plan_festivals') }}),
transactions as (select * from {{ ref('transactions') }}),
products as (select * from {{ ref('products') }}),

lines as (
    select
        transactions.order_id,
        products.category,
        transactions.order_date
    from transactions
    inner join products on transactions.product_id = products.product_id
    where
        transactions.is_basket_line
        and not transactions.is_cancelled
        and products.category is not null
),

sold_from as (
    select min(order_date) as first_order_date from lines
),

-- the festival with the days before on which people buy for it, all of them sold on
periods as (
    select
        festivals.festival_name,
        {{ days_after(
            'festivals.former_first_date', -1 * var('festival_days_before')
        ) }} as first_date,
        festivals.former_last_date as last_date,
        festivals.as_of_date
    from festivals
    cross join sold_from
    where
        festivals.former_last_date < festivals.as_of_date
        and {{ days_after(
            'festivals.former_first_date', -1 * var('festival_days_before')
        ) }} >= sold_from.first_order_date
),

-- usual is a season before and after
around as (
    select
        periods.festival_name,
        lines.order_id,
        lines.category,
        lines.order_date >= periods.first_date
        and lines.order_date <= periods.last_date as is_for_festival
    from periods
    inner join lines
        on
            {{ days_after('periods.first_date', -91) }} <= lines.order_date
            and {{ days_after('periods.last_date', 91) }} >= lines.order_date
            and periods.as_of_date > lines.order_date
),

totals as (
    select
        festival_name,
        count(distinct case when is_for_festival then order_id end) as order_count,
        count(distinct case when not is_for_festival then order_id end)
            as usual_order_count
    from around
    group by festival_name
),

counted as (
    select
        festival_name,
        category,
        count(distinct case when is_for_festival then order_id end) as order_count,
        count(distinct case when not is_for_festival then order_id end)
            as usual_order_count
    from around
    group by festival_name, category
),

-- one usual order more, so that what is sold for the festival only has a lift
compared as (
    select
        counted.festival_name,
        counted.category,
        counted.order_count,
        totals.order_count * (counted.usual_order_count + 1.0)
        / (totals.usual_order_count + 1) as expected_order_count
    from counted
    inner join totals on counted.festival_name = totals.festival_name
    where counted.order_count >= {{ var('festival_min_orders') }}
),

ranked as (
    select
        festival_name,
        category,
        order_count,
        expected_order_count,
        order_count / expected_order_count as lift,
        -- by how far chance would not do: a lift alone favours what is hardly sold
        row_number() over (
            partition by festival_name
            order by
                (order_count - expected_order_count) / sqrt(expected_order_count) desc,
                category
        ) as sales_rank
    from compared
    where order_count > expected_order_count
)

select * from ranked
