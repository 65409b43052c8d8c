-- one row per user and as-of date: campaigns received and coupons redeemed before
with

as_of_dates as (select * from {{ ref('as_of_dates') }}),

contacts as (
    select
        campaign_arms.user_id,
        campaign_arms.campaign_id,
        campaign_calendar.starts_on,
        campaign_calendar.ends_on
    from {{ ref('campaign_arms') }} as campaign_arms
    inner join {{ ref('campaign_calendar') }} as campaign_calendar
        on campaign_arms.campaign_id = campaign_calendar.campaign_id
    where campaign_arms.contact_count > 0
),

redemptions as (select * from {{ ref('coupon_redemptions') }}),

contacts_summed as (
    select
        contacts.user_id,
        as_of_dates.as_of_date,
        cast(count(*) as bigint) as contact_count,
        cast(count(
            case when contacts.ends_on >= as_of_dates.as_of_date then 1 end
        ) as bigint) as open_contact_count,
        {{ days_between('max(contacts.starts_on)', 'as_of_dates.as_of_date') }}
            as days_since_last_contact
    from as_of_dates
    inner join contacts on as_of_dates.as_of_date > contacts.starts_on
    group by contacts.user_id, as_of_dates.as_of_date
),

redemptions_summed as (
    select
        redemptions.user_id,
        as_of_dates.as_of_date,
        cast(count(*) as bigint) as redemption_count,
        cast(count(
            case
                when
                    redemptions.redeemed_on
                    >= {{ days_after('as_of_dates.as_of_date', -91) }}
                    then 1
            end
        ) as bigint) as redemption_count_91d,
        cast(count(distinct redemptions.campaign_id) as bigint)
            as redeemed_campaign_count,
        {{ days_between('max(redemptions.redeemed_on)', 'as_of_dates.as_of_date') }}
            as days_since_last_redemption
    from as_of_dates
    inner join redemptions on as_of_dates.as_of_date > redemptions.redeemed_on
    group by redemptions.user_id, as_of_dates.as_of_date
),

joined as (
    select
        coalesce(contacts_summed.user_id, redemptions_summed.user_id) as user_id,
        coalesce(contacts_summed.contact_count, 0) as contact_count,
        coalesce(contacts_summed.open_contact_count, 0) as open_contact_count,
        contacts_summed.days_since_last_contact,
        coalesce(redemptions_summed.redemption_count, 0) as redemption_count,
        coalesce(redemptions_summed.redemption_count_91d, 0) as redemption_count_91d,
        coalesce(redemptions_summed.redeemed_campaign_count, 0)
            as redeemed_campaign_count,
        redemptions_summed.days_since_last_redemption,
        coalesce(contacts_summed.as_of_date, redemptions_summed.as_of_date)
            as as_of_date
    from contacts_summed
    full outer join redemptions_summed
        on
            contacts_summed.user_id = redemptions_summed.user_id
            and contacts_summed.as_of_date = redemptions_summed.as_of_date
)

select * from joined
