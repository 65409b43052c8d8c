-- one row per campaign open or planned: how far it is, and what is yet to come
with

campaigns as (
    select * from {{ ref('ftr_campaigns') }}
),

redemptions as (
    select
        user_id,
        campaign_id,
        min(redeemed_on) as first_redeemed_on
    from {{ ref('coupon_redemptions') }}
    group by user_id, campaign_id
),

as_of_dates as (
    select * from {{ ref('as_of_dates') }}
    where is_scoring_date
),

-- when, as a share of the campaign's days, users first redeemed in campaigns now over
past_responses as (
    select
        {{ days_between('campaigns.starts_on', 'redemptions.first_redeemed_on') }}
        / cast(campaigns.duration_days as double) as elapsed_share
    from redemptions
    inner join campaigns
        on
            redemptions.campaign_id = campaigns.campaign_id
            and redemptions.first_redeemed_on <= campaigns.ends_on
    cross join as_of_dates
    where campaigns.is_start_observed and campaigns.ends_on < as_of_dates.as_of_date
),

-- one that is planned, and yet to start, is at its start
open_campaigns as (
    select
        campaigns.campaign_id,
        greatest(
            {{ days_between('campaigns.starts_on', 'as_of_dates.as_of_date') }}, 0
        ) / cast(campaigns.duration_days as double) as elapsed_share,
        as_of_dates.as_of_date
    from campaigns
    inner join as_of_dates
        on
            (
                campaigns.is_planned
                or campaigns.starts_on <= as_of_dates.as_of_date
            )
            and campaigns.ends_on >= as_of_dates.as_of_date
),

staged as (
    select
        open_campaigns.campaign_id,
        open_campaigns.elapsed_share,
        -- without any history nothing says that the response is behind us
        coalesce(
            avg(
                case
                    when past_responses.elapsed_share >= open_campaigns.elapsed_share
                        then 1.0
                    when past_responses.elapsed_share is not null then 0.0
                end
            ), 1.0
        ) as remaining_share,
        coalesce(
            avg(
                case
                    when past_responses.elapsed_share < 1 - open_campaigns.elapsed_share
                        then 1.0
                    when past_responses.elapsed_share is not null then 0.0
                end
            ), 1.0
        ) as reachable_share,
        open_campaigns.as_of_date
    from open_campaigns
    left join past_responses on true
    group by
        open_campaigns.campaign_id,
        open_campaigns.elapsed_share,
        open_campaigns.as_of_date
)

select * from staged
