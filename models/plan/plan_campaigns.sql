-- one row per campaign of the plan, or drafted for a festival, that has not ended
with

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

planned as (
    select
        campaign_id,
        campaign_name,
        campaign_type,
        campaign_class,
        objective_task,
        channel,
        audience_rule,
        plan_status,
        priority,
        budget_amount,
        control_share,
        starts_on,
        ends_on,
        false as is_automatic
    from {{ ref('campaign_plan') }}
    where shop = '{{ active_source() }}'
),

drafted as (
    select
        campaign_id,
        concat('Draft for ', festival_name) as campaign_name,
        campaign_type,
        campaign_class,
        objective_task,
        channel,
        audience_rule,
        'draft' as plan_status,
        '1' as priority,
        budget_amount,
        control_share,
        cast(starts_on as string) as starts_on,
        cast(last_date as string) as ends_on,
        true as is_automatic
    from {{ ref('plan_drafts') }}
),

united as (
    select * from planned
    union all
    select * from drafted
),

typed as (
    select
        united.campaign_id,
        united.campaign_name,
        united.campaign_type,
        united.campaign_class,
        united.objective_task,
        united.channel,
        -- an offer is for those with an interest in it, unless the plan says otherwise
        coalesce(united.audience_rule, 'interested') as audience_rule,
        united.plan_status,
        try_cast(united.priority as bigint) as priority,
        try_cast(united.budget_amount as double) as budget_amount,
        try_cast(united.control_share as double) as control_share,
        united.is_automatic,
        try_cast(united.starts_on as date) as starts_on,
        try_cast(united.ends_on as date) as ends_on,
        scoring.as_of_date
    from united
    cross join scoring
    where {{ is_faultless(ref('plan_faults')) }}
),

ahead as (
    select
        *,
        starts_on < {{ days_after('as_of_date', var('decision_days')) }} as is_due,
        is_due and plan_status = 'approved' as is_launching
    from typed
    where
        ends_on >= as_of_date
        and starts_on < {{ days_after('as_of_date', var('draft_ahead_days')) }}
)

select * from ahead
