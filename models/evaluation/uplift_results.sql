-- one row per campaign or the pool, outcome, learner and metric; one per campaign else
with

intervals as (select * from {{ ref('ml_uplift_intervals') }}),

estimates as (
    select * from {{ ref('ml_user_offer__uplift') }}
    where split_name = 'test'
),

campaigns as (select * from {{ ref('campaign_calendar') }}),

arms as (
    select
        campaign_id,
        count(distinct arm) as arm_count
    from {{ ref('campaign_arms') }}
    where arm in ('treatment', 'control')
    group by campaign_id
),

scoring as (
    select as_of_date as scoring_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

-- judgement of each learner on the training half when the campaign started
choices as (
    select
        campaign_id,
        outcome_name,
        learner,
        max(training_row_count) as training_row_count,
        max(validation_qini) as validation_qini,
        max(validation_low) as validation_low,
        max(validation_high) as validation_high,
        bool_or(is_chosen) as is_chosen
    from estimates
    group by campaign_id, outcome_name, learner
),

measured as (
    select
        cast(intervals.campaign_id as string) as campaign_id,
        cast(intervals.outcome_name as string) as outcome_name,
        cast(intervals.learner as string) as learner,
        cast(intervals.metric as string) as metric,
        'measured' as measurement,
        intervals.treated_count,
        intervals.control_count,
        choices.training_row_count,
        intervals.metric_value,
        intervals.interval_low,
        intervals.interval_high,
        control.metric_value as random_value,
        control.interval_low as random_low,
        control.interval_high as random_high,
        choices.validation_qini,
        choices.validation_low,
        choices.validation_high,
        choices.is_chosen
    from intervals
    inner join intervals as control
        on
            intervals.campaign_id = control.campaign_id
            and intervals.outcome_name = control.outcome_name
            and intervals.metric = control.metric
            and control.learner = 'random'
    left join choices
        on
            intervals.campaign_id = choices.campaign_id
            and intervals.outcome_name = choices.outcome_name
            and intervals.learner = choices.learner
    where intervals.learner <> 'random'
),

-- an effect without randomisation would be a claim without evidence
unmeasured as (
    select
        campaigns.campaign_id,
        case
            when not coalesce(campaigns.is_randomised, false) then 'not identifiable'
            when campaigns.ends_on >= scoring.scoring_date then 'not over'
            when coalesce(arms.arm_count, 0) < 2 then 'not identifiable'
            when campaigns.has_mixed_arms then 'not identifiable'
            else 'too few users'
        end as measurement
    from campaigns
    cross join scoring
    left join arms on campaigns.campaign_id = arms.campaign_id
    anti join measured on campaigns.campaign_id = measured.campaign_id
),

united as (
    select
        campaign_id,
        outcome_name,
        learner,
        metric,
        measurement,
        treated_count,
        control_count,
        training_row_count,
        metric_value,
        interval_low,
        interval_high,
        random_value,
        random_low,
        random_high,
        validation_qini,
        validation_low,
        validation_high,
        is_chosen
    from measured
    union all
    select
        campaign_id,
        {% for name in ['outcome_name', 'learner', 'metric'] -%}
            cast(null as string) as {{ name }},
        {% endfor -%}
        measurement,
        {% for name in ['treated_count', 'control_count', 'training_row_count'] -%}
            cast(null as bigint) as {{ name }},
        {% endfor -%}
        {% for name in [
            'metric_value', 'interval_low', 'interval_high', 'random_value',
            'random_low', 'random_high', 'validation_qini', 'validation_low',
            'validation_high',
        ] -%}
            cast(null as double) as {{ name }},
        {% endfor -%}
        cast(null as boolean) as is_chosen
    from unmeasured
)

select * from united
