-- one row per slice of pooled rows and bin of predicted probability
with

slices as (
    select * from {{ ref('evaluated_slices') }}
    where period = 'pooled' and is_shown
),

evaluated as (
    select
        *,
        cast(least(floor(prediction * 10), 9) + 1 as bigint) as bin_number
    from {{ ref('evaluated_rows') }}
    where label_kind = 'binary' and not is_baseline
),

binned as (
    select
        slice_number,
        bin_number,
        cast(count(distinct user_id) as bigint) as user_count,
        cast(count(*) as bigint) as row_count,
        cast(sum(outcome) as bigint) as positive_count,
        round(avg(prediction), 12) as mean_prediction,
        round(avg(outcome), 12) as outcome_rate
    from evaluated
    group by slice_number, bin_number
),

-- a bin in which all did the same tells as much of them as a bin of one
judged as (
    select
        *,
        case
            when {{ is_uniform('positive_count', 'row_count') }} then 1 else user_count
        end as telling_count
    from binned
),

-- a user may be in several bins
hidden as (
    select
        evaluated.slice_number,
        case
            when {{ is_uniform('sum(evaluated.outcome)', 'count(*)') }} then 1
            else count(distinct evaluated.user_id)
        end as telling_count
    from evaluated
    inner join judged
        on
            evaluated.slice_number = judged.slice_number
            and evaluated.bin_number = judged.bin_number
    where judged.telling_count < {{ var('minimum_cell_users') }}
    group by evaluated.slice_number
),

shown as (
    select judged.*
    from judged
    left join hidden on judged.slice_number = hidden.slice_number
    qualify
        {{ is_shown(
            'judged.telling_count', 'judged.slice_number', 'judged.bin_number',
            hidden_users='coalesce(hidden.telling_count, 0)'
        ) }}
),

measured as (
    select
        shown.slice_number,
        slices.task,
        slices.estimator_name,
        slices.split_name,
        slices.row_set,
        shown.bin_number,
        shown.user_count,
        shown.row_count,
        shown.positive_count,
        shown.mean_prediction,
        shown.outcome_rate,
        {{ wilson_end('low', 'shown.outcome_rate', 'shown.row_count') }} as rate_low,
        {{ wilson_end('high', 'shown.outcome_rate', 'shown.row_count') }} as rate_high
    from shown
    inner join slices on shown.slice_number = slices.slice_number
)

select * from measured
