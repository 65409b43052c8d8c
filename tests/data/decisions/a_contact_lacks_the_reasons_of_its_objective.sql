-- a contact whom a score chose says why: the score of the campaign's objective is
-- explained, whatever the objective is about
with

contacts as (
    select
        decisions.campaign_id,
        decisions.offer_id,
        decisions.user_id,
        campaigns.objective_task,
        offers.eligible_category
    from {{ ref('dec_decisions') }} as decisions
    inner join {{ ref('plan_campaigns') }} as campaigns
        on decisions.campaign_id = campaigns.campaign_id
    inner join {{ ref('plan_offers') }} as offers
        on decisions.offer_id = offers.offer_id
    -- a response alone may decide
    where
        decisions.decision = 'contact'
        and decisions.choice_basis = 'value'
        and decisions.score is not null
),

explained as (select * from {{ ref('dec_explained_scores') }}),

missing as (
    select contacts.*
    from contacts
    left join explained
        on
            contacts.objective_task = explained.task
            and contacts.user_id = explained.user_id
            and contacts.offer_id = coalesce(explained.offer_id, contacts.offer_id)
            and coalesce(
                contacts.eligible_category = explained.category_name,
                explained.category_name is null
            )
    where explained.task is null
)

select * from missing
