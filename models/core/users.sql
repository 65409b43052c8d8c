-- one row per user
-- depends_on: {{ ref('data_quality') }}
select
    user_id,
    age_band,
    income_band,
    gender,
    city,
    region,
    acquisition_channel,
    birth_year,
    household_size,
    consent_email,
    consent_sms,
    consent_push,
    consent_ads,
    has_profile,
    is_age_band_filled,
    is_income_band_filled,
    is_gender_filled,
    is_birth_year_filled,
    is_household_size_filled,
    signup_at
from {{ ref('int_users_filled') }}
