-- one row per week and large category, or all: units sold, or expected with quantiles
with

forecasts as (
    select * from {{ ref('demand_forecast') }}
    where forecast_level = 'category'
),

category_weeks as (
    select * from {{ ref('dem_category_weeks') }}
    where week_number >= -26
),

transactions as (select * from {{ ref('transactions') }}),
products as (select * from {{ ref('products') }}),

results as (
    select
        max(case when method_name = 'in_service' then wape end) as wape,
        min(case when method_name in ('mean_4', 'mean_8') then wape end)
            as baseline_wape
    from {{ ref('forecast_results') }}
    where
        split_name = 'test'
        and period = 'pooled'
        and weeks_ahead = 0
        and forecast_level = 'category'
),

scoring as (
    select distinct scoring_date from {{ ref('as_of_dates') }}
),

ranked as (
    select
        category,
        row_number() over (
            order by {{ exact_sum('expected_units') }} desc, category asc
        ) as category_rank
    from forecasts
    where category <> ''
    group by category
),

largest as (
    select * from ranked
    where category_rank <= 5
),

drawn as (
    select
        category,
        category as category_name,
        category_rank
    from largest
    union all
    select distinct
        category,
        'all' as category_name,
        0 as category_rank
    from forecasts
),

-- an order of a guest is of somebody, too
bought as (
    select
        {{ demand_week('transactions.order_date') }} as week_number,
        largest.category,
        count(distinct coalesce(transactions.user_id, transactions.order_id))
            as buyer_count
    from transactions
    inner join products on transactions.product_id = products.product_id
    cross join scoring
    left join largest on products.category = largest.category
    where transactions.is_basket_line and not transactions.is_cancelled
    group by {{ demand_week('transactions.order_date') }}, largest.category
),

-- all less the large categories tells of the others
shown_weeks as (
    select
        week_number,
        cast(min(buyer_count) as bigint) as least_buyer_count
    from bought
    group by week_number
    having not ({{ is_few('min(buyer_count)') }})
),

sold as (
    select
        drawn.category_name,
        drawn.category_rank,
        category_weeks.week_number,
        min(shown_weeks.least_buyer_count) as least_buyer_count,
        sum(category_weeks.units) as unit_count
    from category_weeks
    inner join drawn on category_weeks.category = drawn.category
    inner join shown_weeks on category_weeks.week_number = shown_weeks.week_number
    group by drawn.category_name, drawn.category_rank, category_weeks.week_number
),

-- quantiles of parts added up are those of all if all go up and down together
expected as (
    select
        drawn.category_name,
        drawn.category_rank,
        forecasts.weeks_ahead - 1 as week_number,
        {{ exact_sum('forecasts.expected_units') }} as expected_units,
        {{ exact_sum('forecasts.campaign_units') }} as campaign_units,
        {{ exact_sum('forecasts.units_q05') }} as units_q05,
        {{ exact_sum('forecasts.units_q25') }} as units_q25,
        {{ exact_sum('forecasts.units_q75') }} as units_q75,
        {{ exact_sum('forecasts.units_q95') }} as units_q95
    from forecasts
    inner join drawn on forecasts.category = drawn.category
    where exists (select 1 from shown_weeks)
    group by
        drawn.category_name, drawn.category_rank, forecasts.weeks_ahead
),

{% set week = 'coalesce(sold.week_number, expected.week_number)' -%}
published as (
    select
        coalesce(sold.category_name, expected.category_name) as category_name,
        cast(coalesce(sold.category_rank, expected.category_rank) as bigint)
            as category_rank,
        sold.least_buyer_count,
        sold.unit_count,
        expected.expected_units,
        expected.campaign_units,
        expected.units_q05,
        expected.units_q25,
        expected.units_q75,
        expected.units_q95,
        results.wape,
        results.baseline_wape,
        {{ days_after('scoring.scoring_date', '7 * ' ~ week) }} as week_starts_on
    from sold
    full outer join expected
        on
            sold.category_name = expected.category_name
            and sold.week_number = expected.week_number
    cross join scoring
    cross join results
)

select * from published
