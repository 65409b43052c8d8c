-- one row per event, planned offer, user and as-of date: its chance without a contact
{% set prior = var('baseline_prior_windows') -%}
with

binned as (
    select
        *,
        cast(floor(20 * usual_probability + 0.5) as bigint) as bin_number
    from {{ ref('dec_baseline_outcomes') }}
),

targets as (
    select distinct as_of_date as target_date from binned
    where is_target
),

-- learnt from windows without contact that had ended by the target date
learnt as (
    select
        targets.target_date,
        binned.*
    from targets
    inner join binned on targets.target_date >= binned.ends_before
    where binned.is_without_contact
),

bins as (
    select
        target_date,
        event_name,
        window_days,
        bin_number,
        (sum(cast(is_happening as int)) + {{ prior }} * avg(usual_probability))
        / (count(*) + {{ prior }}) as rate
    from learnt
    group by target_date, event_name, window_days, bin_number
),

cells as (
    select
        learnt.target_date,
        learnt.event_name,
        learnt.window_days,
        learnt.bin_number,
        learnt.recency_days,
        (sum(cast(learnt.is_happening as int)) + {{ prior }} * max(bins.rate))
        / (count(*) + {{ prior }}) as rate
    from learnt
    inner join bins
        on
            learnt.target_date = bins.target_date
            and learnt.event_name = bins.event_name
            and learnt.window_days = bins.window_days
            and learnt.bin_number = bins.bin_number
    group by
        learnt.target_date,
        learnt.event_name,
        learnt.window_days,
        learnt.bin_number,
        learnt.recency_days
),

predicted as (
    select
        binned.event_name,
        binned.offer_id,
        binned.user_id,
        binned.window_days,
        binned.is_happening,
        binned.is_without_contact and binned.is_observed as is_placebo,
        round(coalesce(cells.rate, bins.rate, binned.usual_probability), 6)
            as probability,
        binned.as_of_date
    from binned
    left join bins
        on
            binned.as_of_date = bins.target_date
            and binned.event_name = bins.event_name
            and binned.window_days = bins.window_days
            and binned.bin_number = bins.bin_number
    left join cells
        on
            binned.as_of_date = cells.target_date
            and binned.event_name = cells.event_name
            and binned.window_days = cells.window_days
            and binned.bin_number = cells.bin_number
            and binned.recency_days = cells.recency_days
    where binned.is_target
)

select * from predicted
