-- one row per offer, user and as-of date of the trials: arm, outcomes, what it is for
with

trials as (select * from {{ ref('ftr_user_offer__trials') }}),
offers as (select * from {{ ref('ftr_offers') }}),

scoring as (
    select as_of_date as scoring_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

users as (
    select
        user_id,
        first_order_id,
        as_of_date
    from {{ ref('ftr_user__windows') }}
),

-- of the shop's own campaigns: each is one offer under the campaign's id
contacts as (
    select
        campaign_id as offer_id,
        user_id,
        arm
    from {{ ref('campaign_arms') }}
),

orders as (
    select * from {{ ref('orders') }}
    where user_id is not null and not is_cancelled
),

redemptions as (
    select
        campaign_id as offer_id,
        user_id,
        redeemed_on
    from {{ ref('coupon_redemptions') }}
),

assigned as (
    select
        trials.offer_id,
        trials.campaign_id,
        trials.user_id,
        users.first_order_id,
        case when not trials.is_current then contacts.arm end as arm,
        trials.is_current,
        not trials.is_current and offers.ends_on < scoring.scoring_date as is_over,
        offers.starts_on,
        offers.ends_on,
        trials.as_of_date
    from trials
    cross join scoring
    inner join offers on trials.offer_id = offers.offer_id
    inner join users
        on trials.user_id = users.user_id and trials.as_of_date = users.as_of_date
    left join contacts
        on trials.offer_id = contacts.offer_id and trials.user_id = contacts.user_id
),

shares as (
    select
        offer_id,
        avg(case when arm = 'treatment' then 1.0 else 0.0 end) as treated_share
    from assigned
    where not is_current
    group by offer_id
),

ordered as (
    select
        assigned.offer_id,
        assigned.user_id,
        sum(orders.net_amount - orders.cancelled_amount) as net_amount
    from assigned
    inner join orders
        on
            assigned.user_id = orders.user_id
            and orders.order_date between assigned.starts_on and assigned.ends_on
    where assigned.is_over
    group by assigned.offer_id, assigned.user_id
),

redeemed as (
    select distinct
        redemptions.offer_id,
        redemptions.user_id
    from redemptions
    inner join offers on redemptions.offer_id = offers.offer_id
    where redemptions.redeemed_on between offers.starts_on and offers.ends_on
),

-- outcomes: from the first day of the campaign to its last, unknown until it is over
joined as (
    select
        assigned.offer_id,
        assigned.campaign_id,
        assigned.user_id,
        assigned.first_order_id,
        assigned.arm,
        case
            when assigned.is_current then 'score'
            when {{ is_in_hashed_share('assigned.first_order_id',
                var('uplift_salt'), var('uplift_test_share')) }} then 'test'
            else 'train'
        end as split_name,
        case when not assigned.is_current then cast(shares.treated_share as double) end
            as treated_share,
        case when assigned.is_over then cast(ordered.user_id is not null as int) end
            as buying_outcome,
        case when assigned.is_over then cast(redeemed.user_id is not null as int) end
            as redemption_outcome,
        case
            when assigned.is_over then coalesce(cast(ordered.net_amount as double), 0)
        end as amount_outcome,
        assigned.is_over,
        {{ days_after('assigned.ends_on', 1) }} as label_end_date,
        assigned.as_of_date
    from assigned
    left join shares on assigned.offer_id = shares.offer_id
    left join ordered
        on assigned.offer_id = ordered.offer_id and assigned.user_id = ordered.user_id
    left join redeemed
        on assigned.offer_id = redeemed.offer_id and assigned.user_id = redeemed.user_id
)

select * from joined
