-- one row per planned offer and user to whom a decision gives it, or who is its control
with

offers as (select * from {{ ref('plan_offers') }}),
campaigns as (select * from {{ ref('plan_campaigns') }}),

-- of this build and of launched campaigns; what is drawn at random rests on no score
decided as (
    select
        offer_id,
        user_id
    from {{ ref('dec_placed_contacts') }}
    where (is_chosen or is_control) and not is_drawn
    union distinct
    select
        offer_id,
        user_id
    from {{ ref('dec_launched_decisions') }}
    where decision in ('contact', 'control')
),

joined as (
    select
        decided.offer_id,
        decided.user_id,
        campaigns.objective_task,
        offers.eligible_category
    from decided
    inner join offers on decided.offer_id = offers.offer_id
    inner join campaigns on offers.campaign_id = campaigns.campaign_id
)

select * from joined
