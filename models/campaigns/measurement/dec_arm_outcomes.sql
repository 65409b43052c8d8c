-- one row per campaign and user in one of its arms: what came of it
with

-- who was seen in both arms belongs to neither
assigned as (
    select * from {{ ref('dec_assigned_arms') }}
    where arm in ('treatment', 'control')
),
order_days as (select * from {{ ref('ftr_user__order_days') }}),
money_days as (select * from {{ ref('ftr_user__money_days') }}),

coupons as (
    select distinct
        campaign_id,
        coupon_id
    from {{ ref('coupon_products') }}
),

coupon_lines as (
    select * from {{ ref('transactions') }}
    where line_kind = 'sale' and coupon_amount > 0 and not is_cancelled
),

redemptions as (select * from {{ ref('coupon_redemptions') }}),

earned as (
    select
        assigned.campaign_id,
        assigned.user_id,
        bool_or(order_days.is_buying) as is_buying,
        sum(order_days.net_amount) as net_amount,
        sum(order_days.margin_amount) as margin_amount
    from assigned
    inner join order_days
        on
            assigned.user_id = order_days.user_id
            and assigned.starts_on <= order_days.activity_date
            and assigned.ends_on >= order_days.activity_date
    group by assigned.campaign_id, assigned.user_id
),

-- from data known at the campaign's start, so that no campaign can change it
earned_before as (
    select
        assigned.campaign_id,
        assigned.user_id,
        sum(money_days.net_amount) as net_amount
    from assigned
    inner join money_days
        on
            assigned.user_id = money_days.user_id
            and assigned.pre_starts_on <= money_days.activity_date
            and assigned.starts_on > money_days.activity_date
    group by assigned.campaign_id, assigned.user_id
),

discounted as (
    select
        assigned.campaign_id,
        assigned.user_id,
        sum(coupon_lines.coupon_amount) as coupon_amount
    from assigned
    inner join coupons on assigned.campaign_id = coupons.campaign_id
    inner join coupon_lines
        on
            assigned.user_id = coupon_lines.user_id
            and coupons.coupon_id = coupon_lines.coupon_id
            and assigned.starts_on <= coupon_lines.order_date
            and assigned.ends_on >= coupon_lines.order_date
    group by assigned.campaign_id, assigned.user_id
),

redeemed as (
    select distinct
        assigned.campaign_id,
        assigned.user_id
    from assigned
    inner join redemptions
        on
            assigned.campaign_id = redemptions.campaign_id
            and assigned.user_id = redemptions.user_id
            and assigned.starts_on <= redemptions.redeemed_on
            and assigned.ends_on >= redemptions.redeemed_on
),

-- coupon discounts are a cost of the campaign, so they do not reduce the margin
joined as (
    select
        assigned.campaign_id,
        assigned.user_id,
        assigned.arm,
        assigned.channel,
        assigned.offer_id,
        assigned.segment_name,
        assigned.measurement,
        assigned.treated_share,
        cast(coalesce(earned.net_amount, 0) as decimal(18, 2)) as amount,
        cast(
            coalesce(earned.margin_amount, 0) + coalesce(discounted.coupon_amount, 0)
            as decimal(18, 4)
        ) as margin,
        cast(
            assigned.contact_cost + coalesce(discounted.coupon_amount, 0)
            as decimal(18, 4)
        ) as cost,
        cast(coalesce(earned_before.net_amount, 0) as decimal(18, 2)) as pre_amount,
        redeemed.user_id is not null as is_redeemed,
        coalesce(earned.is_buying, false) as is_buying,
        assigned.is_over,
        assigned.starts_on,
        assigned.ends_on
    from assigned
    left join earned
        on
            assigned.campaign_id = earned.campaign_id
            and assigned.user_id = earned.user_id
    left join earned_before
        on
            assigned.campaign_id = earned_before.campaign_id
            and assigned.user_id = earned_before.user_id
    left join discounted
        on
            assigned.campaign_id = discounted.campaign_id
            and assigned.user_id = discounted.user_id
    left join redeemed
        on
            assigned.campaign_id = redeemed.campaign_id
            and assigned.user_id = redeemed.user_id
)

select * from joined
