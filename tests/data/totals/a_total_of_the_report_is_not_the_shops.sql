-- one row per total of the report that is not what the shop has
with

people as (
    select
        count(distinct user_id) as user_count,
        sum(net_amount) as net_amount
    from {{ ref('orders') }}
    where not is_cancelled
),

contacts as (
    select
        campaigns.plan_status,
        count(distinct decisions.user_id) as user_count,
        count(*) as contact_count,
        sum(decisions.expected_cost) as expected_cost
    from {{ ref('campaign_decisions') }} as decisions
    inner join {{ ref('plan_campaigns') }} as campaigns
        on decisions.campaign_id = campaigns.campaign_id
    where
        decisions.decision = 'contact'
        and decisions.send_on >= campaigns.as_of_date
        and decisions.send_on
        < {{ days_after('campaigns.as_of_date', var('decision_days')) }}
    group by campaigns.plan_status
),

planned as (
    select
        plan_status,
        count(*) as part_count,
        count(user_count) as told_count,
        sum(contact_count) as contact_count,
        sum(expected_cost) as expected_cost
    from {{ ref('rpt_next_week') }}
    group by plan_status
),

reported as (
    select
        'rpt_totals' as total,
        user_count
    from {{ ref('rpt_totals') }}
    union all
    select
        'rpt_segments' as total,
        sum(user_count) as user_count
    from {{ ref('rpt_segments') }}
    union all
    select
        'rpt_rfm_map' as total,
        sum(user_count) as user_count
    from {{ ref('rpt_rfm_map') }}
),

-- cohorts not shown, and users not yet followed, are none or enough
cohorts as (
    select
        sum(case when month_number = 0 then cohort_user_count end) as shown_count,
        max(case when cohort_month is null then cohort_user_count end)
            as followed_count
    from {{ ref('rpt_retention') }}
)

select reported.total
from reported
cross join people
where
    case
        when {{ is_few('people.user_count') }} then reported.user_count is not null
        else coalesce(reported.user_count, 0) <> people.user_count
    end
union all
select 'rpt_totals: net_amount' as total
from {{ ref('rpt_totals') }} as totals
cross join people
where not {{ is_few('people.user_count') }} and totals.net_amount <> people.net_amount
union all
select concat('rpt_next_week: ', contacts.plan_status) as total
from contacts
left join planned on contacts.plan_status = planned.plan_status
where
    case
        when planned.plan_status is null then true
        when planned.told_count = 0 then not {{ is_few('contacts.user_count') }}
        else
            planned.told_count <> planned.part_count
            or planned.contact_count <> contacts.contact_count
            or abs(planned.expected_cost - contacts.expected_cost) > 0.0001
    end
union all
select 'rpt_retention' as total
from cohorts
cross join people
where
    {{ is_few('people.user_count - cohorts.shown_count') }}
    or {{ is_few('people.user_count - cohorts.followed_count') }}
