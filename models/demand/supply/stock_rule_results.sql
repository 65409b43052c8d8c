-- one row per rule of ordering and its level: what a month of stock would have filled
with

-- four weeks of regular products, as of each test week
months as (
    select * from {{ ref('dem_covers') }}
    where
        split_name = 'test'
        and forecast_level = 'product'
        and group_name = 'regular'
        and cover_weeks = 4
        and units is not null
),

spreads as (
    select * from {{ ref('dem_cover_spreads') }}
    where used_for = 'test'
),

stocked as (
    {% for suffix, level in cover_quantiles().items() if level >= 0.5 -%}
        select
            'forecast_quantile' as rule_name,
            cast({{ level }} as double) as rule_level,
            months.units,
            {{ demand_quantile(
                'spreads.ratio_' ~ suffix, level, 'months.expected_units'
            ) }}
                as stock
        from months
        left join spreads
            on
                months.forecast_level = spreads.forecast_level
                and months.group_name = spreads.group_name
                and months.cover_weeks = spreads.cover_weeks
                and months.size_class = spreads.size_class
        union all
    {% endfor -%}
    {% for factor in (1, 1.25, 1.5, 1.75, 2, 2.25, 2.5) -%}
        select
            'mean_times_factor' as rule_name,
            cast({{ factor }} as double) as rule_level,
            units,
            {{ factor }} * baseline_units as stock
        from months
        {{ 'union all' if not loop.last }}
    {% endfor -%}
),

judged as (
    select
        rule_name,
        rule_level,
        cast(count(*) as bigint) as row_count,
        {{ exact_sum('least(stock, units)') }} / sum(units) as fill_share,
        {{ exact_sum('stock') }} / sum(units) as stock_over_demand,
        {{ exact_sum('greatest(stock - units, 0)') }} / sum(units) as left_over_share
    from stocked
    group by rule_name, rule_level
)

select * from judged
