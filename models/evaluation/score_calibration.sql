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

-- Wilson (1927): the interval of a rate, sound at 0 and 1 too
bounded as (
    select
        *,
        (outcome_rate + 1.9207294 / row_count) / (1 + 3.8414588 / row_count)
            as centre,
        1.959964 / (1 + 3.8414588 / row_count) * sqrt(
            outcome_rate * (1 - outcome_rate) / row_count
            + 0.9603647 / row_count / row_count
        ) as half_width
    from shown
),

measured as (
    select
        bounded.slice_number,
        slices.task,
        slices.estimator_name,
        slices.split_name,
        slices.row_set,
        bounded.bin_number,
        bounded.user_count,
        bounded.row_count,
        bounded.positive_count,
        bounded.mean_prediction,
        bounded.outcome_rate,
        round(greatest(bounded.centre - bounded.half_width, 0), 12) as rate_low,
        round(least(bounded.centre + bounded.half_width, 1), 12) as rate_high
    from bounded
    inner join slices on bounded.slice_number = slices.slice_number
)

select * from measured
