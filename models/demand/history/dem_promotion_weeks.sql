-- one row per product and week with a promotion: how much of the shop it reaches
with

-- who sells at all: the rows of promotions are many times those of sales
sold_products as (
    select product_id from {{ ref('dem_place_sales') }}
    group by product_id
    having count(distinct week_number) >= {{ var('demand_least_weeks') }}
),

scoring as (
    select distinct scoring_date from {{ ref('as_of_dates') }}
),

place_sales as (
    select
        location_id,
        week_number,
        sum(line_count) as line_count
    from {{ ref('dem_place_sales') }}
    group by location_id, week_number
),

first_week as (select min(week_number) as week_number from place_sales),

steps as (
    {{ dbt.generate_series(var('demand_history_weeks') + 8) }}
),

weeks as (
    select cast(8 - steps.generated_number as bigint) as week_number
    from steps
    cross join first_week
    where 8 - steps.generated_number >= first_week.week_number
),

-- a place weighs as its lines of a quarter that every forecast of the week knew
place_weights as (
    select
        place_sales.location_id,
        weeks.week_number,
        -- a decimal, so that sums are the same in any order
        cast(
            sum(place_sales.line_count) / sum(sum(place_sales.line_count)) over (
                partition by weeks.week_number
            ) as decimal(18, 9)
        ) as place_share
    from weeks
    cross join first_week
    inner join place_sales
        on
            place_sales.week_number
            between least(weeks.week_number - 21, first_week.week_number)
            and greatest(weeks.week_number - 9, first_week.week_number + 8)
            and place_sales.week_number >= weeks.week_number - 21
    group by place_sales.location_id, weeks.week_number
),

promotions as (
    select
        promotions.product_id,
        promotions.location_id,
        promotions.display is not null as has_display,
        promotions.mailer is not null as has_mailer,
        coalesce(promotions.price_cut > 0, false) as has_cut,
        {{ demand_week(days_after('promotions.week_start_date', 3)) }} as week_number
    from {{ ref('int_promotions_checked') }} as promotions
    inner join sold_products on promotions.product_id = sold_products.product_id
    cross join scoring
    where promotions.row_status = 'kept'
),

reached as (
    select
        promotions.product_id,
        {% for reach, condition in {
            'promotion_reach': 'true',
            'display_reach': 'promotions.has_display',
            'mailer_reach': 'promotions.has_mailer',
            'cut_reach': 'promotions.has_cut',
        }.items() -%}
            least(
                cast(
                    sum(
                        case
                            when {{ condition }} then place_weights.place_share
                            else 0
                        end
                    ) as double
                ),
                1
            ) as {{ reach }},
        {% endfor -%}
        promotions.week_number
    from promotions
    inner join place_weights
        on
            promotions.location_id = place_weights.location_id
            and promotions.week_number = place_weights.week_number
    group by promotions.product_id, promotions.week_number
)

select * from reached
