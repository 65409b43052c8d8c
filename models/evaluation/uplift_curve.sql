-- one row per campaign or the pool, outcome, learner and share of users contacted
{% set steps = 20 -%}
with

estimates as (
    select * from {{ ref('ml_user_offer__uplift') }}
    where split_name = 'test'
),

measured as (
    select distinct
        campaign_id,
        outcome_name,
        learner
    from {{ ref('ml_uplift_intervals') }}
),

laid_out as (
    select
        measured.campaign_id,
        measured.outcome_name,
        measured.learner,
        estimates.estimate,
        estimates.outcome,
        case
            when estimates.arm = 'treatment' then 1 / estimates.treated_share
            else 0
        end as treated_weight,
        case
            when estimates.arm = 'control' then 1 / (1 - estimates.treated_share)
            else 0
        end as control_weight
    from estimates
    inner join measured
        on
            estimates.outcome_name = measured.outcome_name
            and (
                estimates.learner = measured.learner
                or (estimates.is_chosen and measured.learner = 'chosen')
            )
            and (
                estimates.campaign_id = measured.campaign_id
                or measured.campaign_id = 'pooled'
            )
),

-- users with equal estimates are contacted together
grouped as (
    select
        campaign_id,
        outcome_name,
        learner,
        estimate,
        cast(count(*) as bigint) as group_rows,
        sum(treated_weight) as treated,
        sum(control_weight) as control,
        sum(treated_weight * outcome) as of_treated,
        sum(control_weight * outcome) as of_control
    from laid_out
    group by campaign_id, outcome_name, learner, estimate
),

running as (
    select
        campaign_id,
        outcome_name,
        learner,
        group_rows,
        {% for name in ['treated', 'control', 'of_treated', 'of_control'] -%}
            {{ name }},
            coalesce(sum({{ name }}) over earlier, 0) as {{ name }}_before,
        {% endfor -%}
        coalesce(cast(sum(group_rows) over earlier as bigint), 0) as rows_before,
        cast(sum(group_rows) over everybody as bigint) as all_rows,
        sum(treated) over everybody as all_treated
    from grouped
    window
        everybody as (partition by campaign_id, outcome_name, learner),
        earlier as (
            partition by campaign_id, outcome_name, learner
            order by estimate desc
            rows between unbounded preceding and 1 preceding
        )
),

steps as (
    {{ dbt.generate_series(steps + 1) }}
),

-- inside a group the sums are interpolated
reached as (
    select
        running.campaign_id,
        running.outcome_name,
        running.learner,
        (steps.generated_number - 1) / cast({{ steps }} as double) as contacted_share,
        {% for name in ['treated', 'control', 'of_treated', 'of_control'] -%}
            running.{{ name }}_before + running.{{ name }} * (
                (steps.generated_number - 1) * running.all_rows
                / cast({{ steps }} as double) - running.rows_before
            ) / running.group_rows as {{ name }},
        {% endfor -%}
        running.all_treated
    from running
    inner join steps
        on
            (steps.generated_number - 1) * running.all_rows
            <= (running.rows_before + running.group_rows) * {{ steps }}
            and (
                (steps.generated_number - 1) * running.all_rows
                > running.rows_before * {{ steps }}
                or (steps.generated_number = 1 and running.rows_before = 0)
            )
    -- the difference of two points reveals the users between them
    where running.all_rows >= {{ steps }} * {{ var('minimum_cell_users') }}
),

gained as (
    select
        campaign_id,
        outcome_name,
        learner,
        contacted_share,
        round(
            (
                of_treated
                - case when control > 0 then of_control * treated / control else 0 end
            ) / nullif(all_treated, 0), 12
        ) as gain_per_user
    from reached
)

select * from gained
