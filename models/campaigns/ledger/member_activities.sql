-- one row per member activity of the plan and user who qualifies: what is decided
with

activities as (
    select campaign_id from {{ ref('plan_campaigns') }}
    where campaign_type = 'member_activity'
),

decisions as (
    select * from {{ ref('campaign_decisions') }}
    where decision <> 'excluded'
),

members as (select * from {{ ref('mbr_current_members') }}),

joined as (
    select
        cast(decisions.campaign_id as string) as campaign_id,
        cast(decisions.user_id as string) as user_id,
        cast(members.tier as string) as tier,
        cast(decisions.decision as string) as decision,
        cast(decisions.decision_status as string) as decision_status,
        cast(decisions.offer_id as string) as offer_id,
        cast(coalesce(members.available_points, 0) as bigint) as available_points,
        cast(coalesce(members.next_lapsing_points, 0) as bigint) as next_lapsing_points,
        cast(decisions.send_on as date) as send_on
    from activities
    inner join decisions on activities.campaign_id = decisions.campaign_id
    left join members on decisions.user_id = members.user_id
)

select * from joined
