-- one row per offer and user who may get it, or would if they were not held out
with

campaigns as (
    select * from {{ ref('plan_campaigns') }}
),

offers as (
    select * from {{ ref('plan_offers') }}
),

sending as (
    select * from {{ ref('dec_send_dates') }}
),

launched as (
    select distinct campaign_id from {{ ref('dec_frozen') }}
),

eligible as (
    select * from {{ ref('dec_eligibility') }}
    where is_eligible
),

obstacles as (
    select * from {{ ref('dec_offer_obstacles') }}
    where not (is_out_of_stock or is_bought_already or is_below_minimum_score)
),

offer_values as (
    select * from {{ ref('dec_offer_values') }}
),

rfm as (
    select
        user_id,
        as_of_date,
        rfm_score,
        segment_name
    from {{ ref('ftr_user__rfm') }}
),

-- what is due shares the week's budget; each other campaign is looked at by itself
joined as (
    select
        case
            when campaigns.is_due and campaigns.plan_status = 'approved' then 'week'
            else campaigns.campaign_id
        end as allocation_name,
        campaigns.campaign_id,
        offer_values.offer_id,
        offer_values.user_id,
        campaigns.channel,
        offer_values.first_order_id,
        rfm.segment_name,
        campaigns.priority,
        campaigns.budget_amount,
        offers.stock_cap,
        sending.most_contacts_per_week,
        rfm.rfm_score,
        offer_values.score,
        {{ hashed_number(
            "concat(offer_values.offer_id, ':', offer_values.first_order_id)", 'random policy'
        ) }} as random_number,
        offer_values.response_probability,
        offer_values.expected_cost,
        offer_values.expected_margin,
        eligible.is_global_holdout or eligible.is_campaign_holdout as is_held_out,
        eligible.is_global_holdout,
        campaigns.as_of_date
    from offer_values
    inner join offers on offer_values.offer_id = offers.offer_id
    inner join campaigns on offers.campaign_id = campaigns.campaign_id
    inner join sending on campaigns.campaign_id = sending.campaign_id
    inner join eligible
        on
            campaigns.campaign_id = eligible.campaign_id
            and offer_values.user_id = eligible.user_id
    inner join obstacles
        on
            offer_values.offer_id = obstacles.offer_id
            and offer_values.user_id = obstacles.user_id
    inner join rfm
        on
            offer_values.user_id = rfm.user_id
            and campaigns.as_of_date = rfm.as_of_date
    anti join launched on campaigns.campaign_id = launched.campaign_id
)

select * from joined
