-- one row per campaign and user who has an option in it: the offer that counts
with

choice as (select * from {{ ref('ml_offer_choice') }}),

-- the offer that the user gets, would get or came closest to; and for users who
-- may get offers of several campaigns, the campaign that has them
ranked as (
    select
        *,
        max(case when is_chosen or is_control then campaign_id end) over (
            partition by allocation_name, user_id
        ) as place_campaign_id,
        row_number() over (
            partition by campaign_id, user_id
            order by
                case when is_chosen or is_control then 0 else 1 end,
                net_margin desc,
                offer_id asc
        ) as offer_rank
    from choice
),

first_ranked as (
    select
        campaign_id,
        user_id,
        offer_id,
        place_campaign_id,
        is_chosen,
        is_control,
        is_drawn,
        propensity
    from ranked
    where offer_rank = 1
)

select * from first_ranked
