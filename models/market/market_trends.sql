-- one row per category and week: units, what was to be expected, and whether that fits
with

category_weeks as (
    select * from {{ ref('dem_category_weeks') }}
    where category <> ''
),

scoring as (select distinct scoring_date from {{ ref('as_of_dates') }}),

-- the mean of the eight weeks before, moved as it moved a year ago
expected as (
    select
        category,
        week_number,
        units,
        lag(mean_8) over weeks as level_units,
        coalesce(
            least(greatest(lag(units, 52) over weeks / nullif(
                lag(mean_8, 53) over weeks, 0
            ), 0.5), 2),
            1
        ) as season_factor
    from category_weeks
    window weeks as (partition by category order by week_number)
),

compared as (
    select
        *,
        level_units * season_factor as expected_units,
        ln((units + 1) / (level_units * season_factor + 1)) as surprise
    from expected
),

-- what surprised in the half year before
spread as (
    select
        *,
        count(surprise) over half_year as week_count,
        avg(surprise) over half_year as mean_surprise,
        stddev_samp(surprise) over half_year as surprise_spread
    from compared
    window half_year as (
        partition by category order by week_number
        rows between 26 preceding and 1 preceding
    )
),

-- nine of ten weeks fall within
reached as (
    select
        *,
        1.645 * surprise_spread as reach
    from spread
    where week_count >= {{ var('market_trend_least_weeks') }}
),

bounded as (
    select
        category,
        week_number,
        greatest((expected_units + 1) * exp(mean_surprise - reach) - 1, 0)
            as low_units,
        greatest((expected_units + 1) * exp(mean_surprise + reach) - 1, 0)
            as high_units
    from reached
),

dated as (
    select
        compared.*,
        bounded.low_units,
        bounded.high_units,
        {{ days_after('scoring.scoring_date', '7 * compared.week_number') }}
            as first_date
    from compared
    cross join scoring
    left join bounded
        on
            compared.category = bounded.category
            and compared.week_number = bounded.week_number
),

first_dates as (select distinct first_date from dated),

festive as (
    select
        first_dates.first_date,
        min(coalesce(calendar.shopping_festival, calendar.holiday_name)) as occasion
    from first_dates
    inner join {{ ref('market_calendar') }} as calendar
        on
            {{ days_between('first_dates.first_date', 'calendar.calendar_date') }}
            between 0 and 6
    group by first_dates.first_date
)

select
    dated.category,
    dated.first_date as week_start_date,
    cast(dated.units as double) as units,
    dated.level_units,
    dated.season_factor,
    dated.expected_units,
    dated.low_units,
    dated.high_units,
    case
        when dated.low_units is null then 'unknown'
        when dated.units > dated.high_units then 'above'
        when dated.units < dated.low_units then 'below'
        else 'usual'
    end as finding,
    festive.occasion
from dated
left join festive on dated.first_date = festive.first_date
