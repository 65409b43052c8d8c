-- one row per offer open or planned: how far its campaign is, and what is yet to come
with

offers as (select * from {{ ref('ftr_offers') }}),

redemptions as (
    select
        user_id,
        campaign_id as offer_id,
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
        {{ days_between('offers.starts_on', 'redemptions.first_redeemed_on') }}
        / cast(offers.duration_days as double) as elapsed_share
    from redemptions
    inner join offers
        on
            redemptions.offer_id = offers.offer_id
            and redemptions.first_redeemed_on <= offers.ends_on
    cross join as_of_dates
    where offers.is_start_observed and offers.ends_on < as_of_dates.as_of_date
),

-- one that is planned, and yet to start, is at its start
open_offers as (
    select
        offers.offer_id,
        greatest(
            {{ days_between('offers.starts_on', 'as_of_dates.as_of_date') }}, 0
        ) / cast(offers.duration_days as double) as elapsed_share,
        as_of_dates.as_of_date
    from offers
    inner join as_of_dates
        on
            (
                offers.is_planned
                or offers.starts_on <= as_of_dates.as_of_date
            )
            and offers.ends_on >= as_of_dates.as_of_date
),

staged as (
    select
        open_offers.offer_id,
        open_offers.elapsed_share,
        -- without history, all of the response may still come
        coalesce(
            avg(
                case
                    when past_responses.elapsed_share >= open_offers.elapsed_share
                        then 1.0
                    when past_responses.elapsed_share is not null then 0.0
                end
            ), 1.0
        ) as remaining_share,
        coalesce(
            avg(
                case
                    when past_responses.elapsed_share < 1 - open_offers.elapsed_share
                        then 1.0
                    when past_responses.elapsed_share is not null then 0.0
                end
            ), 1.0
        ) as reachable_share,
        open_offers.as_of_date
    from open_offers
    left join past_responses on true
    group by
        open_offers.offer_id,
        open_offers.elapsed_share,
        open_offers.as_of_date
)

select * from staged
