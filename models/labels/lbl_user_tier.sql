-- one row per active user and as-of date with tiers: whether one was reached or lost
with

users as (
    select
        user_id,
        first_order_id,
        is_drawn,
        as_of_date
    from {{ ref('lbl_user') }}
),

splits as (select * from {{ ref('lbl_tier__splits') }}),
amounts as (select * from {{ ref('ftr_user_tier__amounts') }}),
tier_amounts as (select * from {{ ref('mbr_tier_amounts') }}),

-- the next tier is reached on a day until the window ends; the present one is kept on a
-- day from its review to the end of the grace
followed as (
    select distinct
        amounts.user_id,
        amounts.tier,
        amounts.as_of_date
    from amounts
    inner join tier_amounts
        on
            amounts.user_id = tier_amounts.user_id
            and amounts.tier = tier_amounts.tier
            and amounts.window_end_date > tier_amounts.changed_on
            and amounts.least_amount <= tier_amounts.counted_amount
    where
        coalesce(tier_amounts.next_changed_on, date '9999-12-31')
        > case
            when amounts.is_next then amounts.as_of_date else amounts.next_review_date
        end
),

-- unknown while the window is open
joined as (
    select
        amounts.user_id,
        amounts.as_of_date,
        amounts.window_end_date,
        amounts.is_next,
        -- who need buy no more keeps the tier
        amounts.is_present and amounts.missing_amount > 0 as is_at_risk,
        case
            when amounts.window_end_date <= splits.scoring_date
                then followed.user_id is not null
        end as is_followed
    from amounts
    inner join splits on amounts.as_of_date = splits.as_of_date
    left join followed
        on
            amounts.user_id = followed.user_id
            and amounts.tier = followed.tier
            and amounts.as_of_date = followed.as_of_date
),

by_user as (
    select
        user_id,
        as_of_date,
        max(window_end_date) as label_end_date,
        bool_or(is_next) as may_reach_tier,
        bool_or(is_at_risk) as may_lose_tier,
        bool_or(case when is_next then is_followed end) as is_tier_reached,
        bool_or(case when is_at_risk then not is_followed end) as is_tier_lost
    from joined
    group by user_id, as_of_date
),

labelled as (
    select
        users.user_id,
        users.first_order_id,
        splits.split_name,
        users.is_drawn,
        by_user.may_reach_tier,
        by_user.may_lose_tier,
        by_user.is_tier_reached,
        by_user.is_tier_lost,
        by_user.label_end_date,
        splits.train_until_date,
        users.as_of_date
    from users
    inner join by_user
        on
            users.user_id = by_user.user_id
            and users.as_of_date = by_user.as_of_date
    inner join splits on users.as_of_date = splits.as_of_date
)

select * from labelled
