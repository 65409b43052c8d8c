-- one row per level, what is forecast and week: units expected, and their quantiles
with

published as (select * from {{ ref('dem_planned_forecasts') }}),

scoring as (
    select distinct scoring_date from {{ ref('as_of_dates') }}
),

{% set suffixes = demand_quantiles() | list -%}
-- of each category its products, of each product its places
sums as (
    select
        forecast_level,
        category,
        case when forecast_level = 'product_place' then product_id end as product_id,
        week_number,
        {{ exact_sum('expected_units') }} as expected_units,
        {{ exact_sum('campaign_units') }} as campaign_units
    from published
    where forecast_level <> 'category'
    group by
        forecast_level,
        category,
        case when forecast_level = 'product_place' then product_id end,
        week_number
),

-- what is left of a category or a product, so that levels add up
left_over as (
    select
        case published.forecast_level
            when 'category' then 'other_products'
            else 'other_places'
        end as forecast_level,
        published.product_id,
        cast(null as string) as location_id,
        published.category,
        published.week_number,
        published.method_name,
        greatest(published.expected_units - coalesce(sums.expected_units, 0), 0)
            as expected_units,
        greatest(published.campaign_units - coalesce(sums.campaign_units, 0), 0)
            as campaign_units
    from published
    left join sums
        on
            published.category = sums.category
            and published.week_number = sums.week_number
            and published.product_id is not distinct from sums.product_id
            and sums.forecast_level = case published.forecast_level
                when 'category' then 'product'
                else 'product_place'
            end
    where
        published.forecast_level = 'category'
        or published.forecast_level = 'product' and sums.product_id is not null
),

{% set keys -%}
    forecast_level, product_id, location_id, category, week_number, method_name,
    campaign_units
{%- endset -%}
united as (
    select
        {{ keys }},
        {% for suffix in suffixes -%}
            units_{{ suffix }},
        {% endfor -%}
        expected_units
    from published
    union all
    select
        {{ keys }},
        {% for suffix in suffixes -%}
            cast(null as double) as units_{{ suffix }},
        {% endfor -%}
        expected_units
    from left_over
),

dated as (
    select
        concat(
            united.forecast_level, ':',
            coalesce(united.product_id, united.category), ':',
            coalesce(united.location_id, '')
        ) as series_id,
        united.forecast_level,
        united.product_id,
        united.location_id,
        united.category,
        united.method_name,
        united.week_number + 1 as weeks_ahead,
        united.expected_units,
        -- what is left of levels is rounded
        least(united.campaign_units, united.expected_units) as campaign_units,
        {% for suffix in suffixes -%}
            united.units_{{ suffix }},
        {% endfor -%}
        {{ days_after('scoring.scoring_date', '7 * united.week_number') }}
            as week_start_date,
        scoring.scoring_date as as_of_date
    from united
    cross join scoring
)

select * from dated
