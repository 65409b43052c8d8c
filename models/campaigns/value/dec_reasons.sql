-- one row per planned offer and user: why the score is what it is
with

offers as (
    select
        offers.offer_id,
        offers.campaign_id,
        campaigns.objective_task
    from {{ ref('plan_offers') }} as offers
    inner join {{ ref('plan_campaigns') }} as campaigns
        on offers.campaign_id = campaigns.campaign_id
),

of_offers as (
    select
        offers.offer_id,
        offers.campaign_id,
        reasons.user_id,
        reasons.reason_text,
        reasons.reason_rank
    from offers
    inner join {{ ref('offer_score_reasons') }} as reasons
        on
            offers.offer_id = reasons.offer_id
            and offers.objective_task = reasons.task
),

of_users as (
    select
        offers.offer_id,
        offers.campaign_id,
        reasons.user_id,
        reasons.reason_text,
        reasons.reason_rank
    from offers
    inner join {{ ref('user_score_reasons') }} as reasons
        on offers.objective_task = reasons.task
),

united as (
    select * from of_offers
    union all
    select * from of_users
),

listed as (
    select
        offer_id,
        campaign_id,
        user_id,
        {{ dbt.listagg('reason_text', "'; '", 'order by reason_rank') }} as reasons
    from united
    group by offer_id, campaign_id, user_id
)

select * from listed
