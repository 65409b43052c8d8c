-- one row per RFM segment with a user, as of the scoring date; those of too few users
-- stand together as "not shown"
{% set horizon = var('value_horizons') | max -%}
with

rfm as (select * from {{ ref('ftr_user__rfm') }}),

user_values as (
    select * from {{ ref('user_value') }}
    where horizon_days = {{ horizon }}
),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

users as (
    select
        rfm.*,
        cast(user_values.expected_margin as decimal(18, 4)) as expected_margin
    from rfm
    inner join scoring on rfm.as_of_date = scoring.as_of_date
    left join user_values on rfm.user_id = user_values.user_id
),

sized as (
    select
        segment_name,
        cast(count(*) as bigint) as user_count
    from users
    group by segment_name
),

shown as (
    select segment_name from sized
    qualify {{ is_shown('user_count', "'all'", 'segment_name') }}
),

counted as (
    select
        coalesce(shown.segment_name, 'not shown') as segment_name,
        cast(count(*) as bigint) as user_count,
        cast(sum(users.monetary_amount) as decimal(18, 2)) as total_amount,
        -- of an exact sum: that of floating point numbers depends on their order
        cast(
            cast(sum(users.monetary_amount) as double) / count(*) as decimal(18, 2)
        ) as mean_amount,
        cast(avg(users.recency_days) as double) as mean_recency_days,
        cast(sum(users.expected_margin) as decimal(18, 2)) as expected_margin,
        cast(
            cast(sum(users.expected_margin) as double) / count(users.expected_margin)
            as decimal(18, 2)
        ) as mean_expected_margin,
        users.as_of_date
    from users
    left join shown on users.segment_name = shown.segment_name
    group by shown.segment_name, users.as_of_date
),

shared as (
    select
        segment_name,
        user_count,
        round(user_count / cast(sum(user_count) over () as double), 12)
            as user_share,
        total_amount,
        -- who sent back more than they bought of late have no part in what was spent
        round(
            cast(greatest(total_amount, 0) as double)
            / nullif(cast(sum(greatest(total_amount, 0)) over () as double), 0), 12
        ) as amount_share,
        mean_amount,
        round(mean_recency_days, 6) as mean_recency_days,
        expected_margin,
        mean_expected_margin,
        as_of_date
    from counted
),

published as (
    select
        segment_name,
        {{ unless_few([
            'user_count', 'user_share', 'total_amount', 'amount_share', 'mean_amount',
            'mean_recency_days', 'expected_margin', 'mean_expected_margin',
        ]) }},
        cast({{ horizon }} as bigint) as horizon_days,
        as_of_date
    from shared
)

select * from published
