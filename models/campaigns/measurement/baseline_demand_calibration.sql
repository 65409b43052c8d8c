-- one row per event: chances without a contact beside what followed without one
with

-- on the dates of the test period, by what had ended before each
placebos as (
    select
        event_name,
        user_id,
        probability,
        cast(is_happening as int) as happened,
        least(cast(floor(10 * probability) as bigint), 9) as bin_number,
        as_of_date
    from {{ ref('dec_baseline_demand') }}
    where is_placebo
),

bins as (
    select
        event_name,
        bin_number,
        count(*) as window_count,
        abs(sum(probability) - sum(happened)) as difference
    from placebos
    group by event_name, bin_number
),

errors as (
    select
        event_name,
        round(sum(difference) / sum(window_count), 6) as calibration_error
    from bins
    group by event_name
),

summed as (
    select
        event_name,
        cast(count(*) as bigint) as window_count,
        cast(count(distinct user_id) as bigint) as user_count,
        round(avg(probability), 6) as predicted_rate,
        round(avg(happened), 6) as seen_rate,
        min(as_of_date) as first_as_of_date,
        max(as_of_date) as last_as_of_date
    from placebos
    group by event_name
),

joined as (
    select
        summed.event_name,
        summed.window_count,
        summed.user_count,
        summed.predicted_rate,
        summed.seen_rate,
        errors.calibration_error,
        summed.first_as_of_date,
        summed.last_as_of_date
    from summed
    inner join errors on summed.event_name = errors.event_name
    where not {{ is_few('summed.user_count') }}
)

select * from joined
