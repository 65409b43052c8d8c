-- in every campaign all contacts with a raising reason start with one
with

contacts as (
    select
        decisions.campaign_id,
        decisions.offer_id,
        decisions.user_id,
        decisions.reasons,
        campaigns.objective_task
    from {{ ref('dec_decisions') }} as decisions
    inner join {{ ref('plan_campaigns') }} as campaigns
        on decisions.campaign_id = campaigns.campaign_id
    where decisions.decision = 'contact' and decisions.choice_basis = 'value'
),

-- joined by equal keys alone: a left join on more compares each row with each
score_reasons as (
    select
        task,
        user_id,
        offer_id,
        direction,
        reason_text,
        raising_group_count
    from {{ ref('ml_user_offer__reasons') }}
    union all
    select
        reasons.task,
        reasons.user_id,
        contacts.offer_id,
        reasons.direction,
        reasons.reason_text,
        reasons.raising_group_count
    from {{ ref('ml_user__reasons') }} as reasons
    inner join contacts
        on
            reasons.task = contacts.objective_task
            and reasons.user_id = contacts.user_id
),

judged as (
    select
        contacts.campaign_id,
        contacts.user_id,
        cast(
            max(case
                when
                    score_reasons.direction = 'raises'
                    and starts_with(contacts.reasons, score_reasons.reason_text)
                    then 1
                else 0
            end) as double
        ) as starts_raised,
        cast(
            max(case when score_reasons.raising_group_count > 0 then 1 else 0 end)
            as double
        ) as has_raising_group
    from contacts
    left join score_reasons
        on
            contacts.objective_task = score_reasons.task
            and contacts.user_id = score_reasons.user_id
            and contacts.offer_id = score_reasons.offer_id
    group by contacts.campaign_id, contacts.user_id
),

shared as (
    select
        campaign_id,
        avg(starts_raised) as starts_raised_share,
        avg(has_raising_group) as has_raising_group_share
    from judged
    group by campaign_id
)

select * from shared
where starts_raised_share < has_raising_group_share
