-- one row per user: the source's rows, then users known only by what they did
with

checked_users as (
    select * from {{ ref('int_users_checked') }}
    where row_status = 'kept'
),

acting_users as (
    select user_id from {{ ref('int_transactions_checked') }}
    where row_status = 'kept' and user_id is not null
    union
    select user_id from {{ ref('int_campaign_contacts_checked') }}
    where row_status = 'kept'
    union
    select user_id from {{ ref('int_coupon_redemptions_checked') }}
    where row_status = 'kept'
    union
    select user_id from {{ ref('int_contact_events_checked') }}
    where row_status = 'kept'
    union
    select user_id from {{ ref('int_point_movements_checked') }}
    where row_status = 'kept'
    union
    select user_id from {{ ref('int_order_tokens_checked') }}
    where row_status = 'kept' and user_id is not null
    union
    select user_id from {{ ref('int_order_disputes_checked') }}
    where row_status = 'kept' and user_id is not null
    union
    select user_id from {{ ref('int_events_checked') }}
    where row_status = 'kept' and user_id is not null
    union
    select user_id from {{ ref('int_reviews_checked') }}
    where row_status = 'kept' and user_id is not null
),

completed as (
    select
        coalesce(checked_users.user_id, acting_users.user_id) as user_id,
        checked_users.age_band,
        checked_users.income_band,
        checked_users.gender,
        checked_users.city,
        checked_users.region,
        checked_users.acquisition_channel,
        checked_users.birth_year,
        checked_users.household_size,
        checked_users.consent_email,
        checked_users.consent_sms,
        checked_users.consent_push,
        checked_users.consent_ads,
        checked_users.user_id is not null as has_profile,
        checked_users.signup_at
    from checked_users
    full outer join acting_users on checked_users.user_id = acting_users.user_id
)

select * from completed
