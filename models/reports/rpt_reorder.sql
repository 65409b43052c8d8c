-- one row per list (to order, too much, will expire) and product and place at its top
with

plan as (
    select
        *,
        {{ reorder_reason('zh', 'expected_units') }} as reason_zh
    from {{ ref('reorder_plan') }}
),

products as (select * from {{ ref('products') }}),
stock as (select * from {{ ref('dem_stock') }}),

valued as (
    select
        plan.*,
        products.product_name,
        coalesce(
            greatest(
                plan.on_hand_units + plan.on_order_units - plan.target_units, 0
            ) * stock.unit_cost,
            0
        ) as excess_cost
    from plan
    inner join products on plan.product_id = products.product_id
    inner join stock
        on
            plan.product_id = stock.product_id
            and plan.location_id = stock.location_id
),

totals as (
    select
        cast(count(*) as bigint) as stocked_count,
        cast(count(case when order_units > 0 then 1 end) as bigint) as ordered_count,
        {{ exact_sum('coalesce(order_cost, 0)') }} as ordered_cost,
        nullif(cast({{ var('reorder_budget') }} as double), 0) as budget_amount,
        cast(count(case when is_budget_capped then 1 end) as bigint) as unpaid_count,
        cast(count(case when is_overstocked then 1 end) as bigint)
            as overstocked_count,
        {{ exact_sum('case when is_overstocked then excess_cost else 0 end') }}
            as overstock_cost,
        cast(count(case when is_expiring then 1 end) as bigint) as expiring_count
    from valued
),

-- first what runs out first, of that what sells most; or what binds most money
listed as (
    {% for list_name, condition, order in [
        ('to order', 'order_units > 0', 'days_of_cover asc nulls last, expected_units'),
        ('too much', 'is_overstocked', 'excess_cost'),
        ('will expire', 'is_expiring', 'on_hand_units'),
    ] -%}
        select
            '{{ list_name }}' as list_name,
            row_number() over (
                order by {{ order }} desc, product_id asc, location_id asc
            ) as list_rank,
            *
        from valued
        where {{ condition }}
        {{ 'union all' if not loop.last }}
    {% endfor -%}
),

published as (
    select
        listed.list_name,
        cast(listed.list_rank as bigint) as list_rank,
        listed.product_id,
        listed.product_name,
        listed.location_id,
        listed.on_hand_units,
        listed.on_order_units,
        listed.expected_units,
        listed.days_of_cover,
        listed.order_units,
        listed.order_cost,
        listed.excess_cost,
        listed.reason,
        listed.reason_zh,
        totals.stocked_count,
        totals.ordered_count,
        totals.ordered_cost,
        totals.budget_amount,
        totals.unpaid_count,
        totals.overstocked_count,
        totals.overstock_cost,
        totals.expiring_count,
        listed.as_of_date
    from listed
    cross join totals
    where listed.list_rank <= 20
)

select * from published
