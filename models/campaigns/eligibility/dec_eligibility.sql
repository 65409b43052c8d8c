-- one row per planned campaign and user: every rule that speaks against a contact
{% set rules = eligibility_rules() -%}
with

campaigns as (select * from {{ ref('plan_campaigns') }}),
sending as (select * from {{ ref('plan_send_dates') }}),
users as (select * from {{ ref('users') }}),
audiences as (select * from {{ ref('dec_audiences') }}),
recent as (select * from {{ ref('dec_recent_contacts') }}),
global_control as (select * from {{ ref('dec_global_control') }}),

suppressions as (
    select
        user_id,
        suppression_kind,
        channel,
        cast(first_date as date) as first_date,
        coalesce(cast(last_date as date), date '9999-12-31') as last_date
    from {{ ref('suppressions') }}
    where shop = '{{ active_source() }}'
    union all
    select
        user_id,
        suppression_kind,
        channel,
        first_date,
        date '9999-12-31' as last_date
    from {{ ref('dec_event_suppressions') }}
    union all
    select * from {{ ref('dec_risk_suppressions') }}
),

costly as (
    select distinct campaign_id from {{ ref('plan_offers') }}
    where discount_kind <> 'none'
),

constraints as (
    select
        campaign_id,
        user_id,
        min(cast(is_out_of_stock as int)) = 1 as is_out_of_stock,
        min(cast(is_complained_of as int)) = 1 as is_complained_of,
        min(cast(is_bought_already as int)) = 1 as has_bought_already,
        min(cast(is_below_minimum_score as int)) = 1 as is_below_minimum_score,
        min(cast(
            is_out_of_stock or is_complained_of or is_bought_already
            or is_below_minimum_score as int
        )) = 1 as has_no_offer_left
    from {{ ref('dec_offer_constraints') }}
    group by campaign_id, user_id
),

pairs as (
    select
        campaigns.campaign_id,
        users.user_id,
        campaigns.channel,
        campaigns.audience_rule,
        campaigns.control_share,
        case sending.consent
            {% for channel in ['email', 'sms', 'push', 'ads'] -%}
                when '{{ channel }}' then coalesce(users.consent_{{ channel }}, false)
            {% endfor -%}
            else true
        end as has_consent,
        sending.send_on,
        sending.judged_on
    from campaigns
    inner join sending on campaigns.campaign_id = sending.campaign_id
    cross join users
),

suppressed as (
    select
        pairs.campaign_id,
        pairs.user_id,
        max(suppressions.suppression_kind in ('opt_out', 'complaint', 'bounce'))
            as is_suppressed,
        max(suppressions.suppression_kind in (
            'risk', case when costly.campaign_id is not null then 'order_risk' end
        )) as is_risky,
        max(suppressions.suppression_kind = 'erasure') as is_erased
    from pairs
    inner join suppressions
        on
            pairs.user_id = suppressions.user_id
            and coalesce(suppressions.channel, pairs.channel) = pairs.channel
            and pairs.judged_on >= suppressions.first_date
            and pairs.judged_on <= suppressions.last_date
    left join costly on pairs.campaign_id = costly.campaign_id
    group by pairs.campaign_id, pairs.user_id
),

judged as (
    select
        pairs.campaign_id,
        pairs.user_id,
        not pairs.has_consent as lacks_consent,
        coalesce(suppressed.is_suppressed, false) as is_suppressed,
        coalesce(suppressed.is_erased, false) as is_erased,
        coalesce(suppressed.is_risky, false) as is_risky,
        audiences.user_id is null as is_outside_audience,
        pairs.send_on is null as is_blacked_out,
        coalesce(recent.is_in_quiet_period, false) as is_in_quiet_period,
        coalesce(recent.is_over_frequency_cap, false) as is_over_frequency_cap,
        coalesce(recent.is_contacted_this_period, false) as is_contacted_this_period,
        coalesce(recent.is_control_this_period, false) as is_control_this_period,
        coalesce(constraints.is_out_of_stock, false) as is_out_of_stock,
        coalesce(constraints.is_complained_of, false) as is_complained_of,
        coalesce(constraints.has_bought_already, false) as has_bought_already,
        coalesce(constraints.is_below_minimum_score, false) as is_below_minimum_score,
        coalesce(constraints.has_no_offer_left, false) as has_no_offer_left,
        -- who lacks an interest has no constraints, which says nothing of a score
        constraints.user_id is null
        and case
            when pairs.audience_rule = 'interested' then audiences.user_id is not null
            else true
        end as is_not_scored,
        global_control.is_global_control,
        {{ hashed_number(
            "concat(pairs.campaign_id, ':', pairs.user_id)", var('control_salt')
        ) }} < pairs.control_share as is_campaign_control
    from pairs
    left join audiences
        on
            pairs.campaign_id = audiences.campaign_id
            and pairs.user_id = audiences.user_id
    left join recent
        on pairs.campaign_id = recent.campaign_id and pairs.user_id = recent.user_id
    inner join global_control on pairs.user_id = global_control.user_id
    left join suppressed
        on
            pairs.campaign_id = suppressed.campaign_id
            and pairs.user_id = suppressed.user_id
    left join constraints
        on
            pairs.campaign_id = constraints.campaign_id
            and pairs.user_id = constraints.user_id
),

summed as (
    select
        *,
        false = {{ rules.keys() | join('\n        and false = ') }} as is_eligible
    from judged
)

select * from summed
