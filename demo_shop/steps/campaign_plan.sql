-- One row per campaign. A past one starts every 42 days and has ended before the next;
-- two are open at the end of the data, with audiences apart, so that a user has at most
-- one offer at a time and each effect is its campaign's alone. With a plan, its
-- campaigns follow in place of the two that are open.
create or replace temp table campaign_plan as
with

numbered as (
    select
        cast(unnest(range(
            getvariable('past_campaigns')
            + case when getvariable('has_plan') then 0 else 2 end
        )) as integer) as campaign_number,
        campaign_number >= getvariable('past_campaigns') as is_open,
        14 + 42 * campaign_number + number_below(6, uniform('start', campaign_number))
            as planned_day,
        21 + number_below(13, uniform('length', campaign_number)) as planned_length
),

dated as (
    select
        campaign_number,
        is_open,
        cast(case
            when not is_open then planned_day
            when campaign_number = getvariable('past_campaigns')
                then getvariable('days') - 10
            else getvariable('days') - 3
        end as integer) as start_day,
        case when is_open then 28 else planned_length end as length_days,
        -- coupons are the most frequent
        ['coupon', 'push_ad', 'coupon', 'member_activity'][
            1 + campaign_number % 4
        ] as campaign_type,
        ['email', 'push', 'sms', 'email', 'email', 'ads', 'sms', 'push'][
            1 + campaign_number % 8
        ] as channel,
        case
            when is_open then campaign_number = getvariable('past_campaigns')
            else campaign_number % 3 != 1
        end as is_randomised,
        number_below(
            getvariable('category_count'), uniform('first category', campaign_number)
        ) as first_category
    from numbered
),

own as (
    select
        *,
        false as is_planned,
        'C' || lpad(cast(campaign_number + 1 as varchar), 2, '0') as campaign_id,
        (
            first_category + 1 + number_below(
                getvariable('category_count') - 1,
                uniform('second category', campaign_number)
            )
        ) % getvariable('category_count') as second_category,
        -- money off, or a share of the price off
        case
            when campaign_number % 3 < 2
                then one_of([800, 1200, 2000], uniform('face value', campaign_number))
        end as face_cents,
        case
            when campaign_number % 3 = 2
                then one_of([0.15, 0.2, 0.25], uniform('share off', campaign_number))
        end as discount_share
    from dated
),

-- each has one coupon, for one category
planned as (
    select
        cast(getvariable('past_campaigns') - 1 + row_number() over (
            order by plan.start_day, plan.campaign_id
        ) as integer) as campaign_number,
        false as is_open,
        plan.start_day,
        plan.length_days,
        plan.campaign_type,
        plan.channel,
        true as is_randomised,
        categories.category_number as first_category,
        true as is_planned,
        plan.campaign_id,
        categories.category_number as second_category,
        plan.face_cents,
        plan.discount_share
    from planned_campaigns as plan
    inner join categories on plan.category = categories.category
)

select
    *,
    start_day + length_days as end_day,
    case campaign_type when 'coupon' then 1.15 when 'push_ad' then 0.8 else 1 end
        as strength
from (
    select * from own
    union all by name
    select * from planned
) as campaigns
order by campaign_number;
