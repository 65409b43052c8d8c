-- one row per offer and user who may get it, or could without the control group
with

campaigns as (select * from {{ ref('plan_campaigns') }}),
offers as (select * from {{ ref('plan_offers') }}),
sending as (select * from {{ ref('plan_send_dates') }}),
frozen as (select * from {{ ref('dec_launched_decisions') }}),

launched as (
    select distinct campaign_id from frozen
),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

-- launches of earlier builds in this period use the budget
spent as (
    select
        frozen.channel,
        frozen.expected_cost
    from frozen
    cross join scoring
    where
        frozen.decision = 'contact'
        and {{ days_after('scoring.as_of_date', -1 * var('decision_days')) }}
        < frozen.decided_on
),

money_spent as (
    select coalesce(sum(expected_cost), 0) as amount from spent
),

contacts_spent as (
    select
        channel,
        count(*) as contact_count
    from spent
    group by channel
),

eligible as (
    select * from {{ ref('dec_eligibility') }}
    where is_eligible
),

constraints as (
    select * from {{ ref('dec_offer_constraints') }}
    where
        not (is_out_of_stock or is_complained_of)
        and not (is_bought_already or is_below_minimum_score)
),

offer_values as (select * from {{ ref('dec_offer_values') }}),

-- no more users than units, where all products of the offer were counted
promised as (
    select
        offer_products.offer_id,
        case
            when count(*) = count(promised.product_id)
                then cast(sum(promised.available_units) as bigint)
        end as available_units
    from offers
    inner join {{ ref('plan_offer_products') }} as offer_products
        on offers.offer_id = offer_products.offer_id
    left join {{ ref('available_to_promise') }} as promised
        on
            offers.campaign_id = promised.campaign_id
            and offer_products.product_id = promised.product_id
    group by offer_products.offer_id
),

rfm as (
    select
        user_id,
        as_of_date,
        rfm_score,
        segment_name
    from {{ ref('ftr_user__rfm') }}
),

-- campaigns about to start share the week's budget; others are allocated alone
joined as (
    select
        case
            when campaigns.is_launching then 'week'
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
        -- the least of both, whichever is known
        least(offers.stock_cap, promised.available_units) as stock_cap,
        case
            when sending.most_contacts_per_week is not null
                then
                    greatest(
                        sending.most_contacts_per_week
                        - coalesce(contacts_spent.contact_count, 0),
                        0
                    )
        end as most_contacts_per_week,
        rfm.rfm_score,
        offer_values.score,
        {{ hashed_number(
            "concat(offer_values.offer_id, ':', offer_values.first_order_id)", 'random policy'
        ) }} as random_number,
        offer_values.response_probability,
        offer_values.baseline_probability,
        offer_values.expected_cost,
        offer_values.expected_margin,
        greatest({{ shop('weekly_budget') }} - money_spent.amount, 0)
            as weekly_budget_left,
        eligible.is_global_control or eligible.is_campaign_control as is_control,
        eligible.is_global_control,
        offer_values.is_exploratory,
        {{ planned_treated_share('campaigns.control_share') }} as treated_share,
        campaigns.as_of_date
    from offer_values
    inner join offers on offer_values.offer_id = offers.offer_id
    left join promised on offer_values.offer_id = promised.offer_id
    inner join campaigns on offers.campaign_id = campaigns.campaign_id
    inner join sending on campaigns.campaign_id = sending.campaign_id
    inner join eligible
        on
            campaigns.campaign_id = eligible.campaign_id
            and offer_values.user_id = eligible.user_id
    inner join constraints
        on
            offer_values.offer_id = constraints.offer_id
            and offer_values.user_id = constraints.user_id
    inner join rfm
        on
            offer_values.user_id = rfm.user_id
            and campaigns.as_of_date = rfm.as_of_date
    left join contacts_spent
        on campaigns.channel = contacts_spent.channel and campaigns.is_due
    cross join money_spent
    anti join launched on campaigns.campaign_id = launched.campaign_id
)

select * from joined
