-- one row per user, gaps in the demographics filled and flagged
with

users as (select * from {{ ref('int_users_completed') }}),

known_values as (
    select
        'age_band' as attribute,
        age_band as known_value
    from users
    union all
    select
        'income_band' as attribute,
        income_band as known_value
    from users
    union all
    select
        'gender' as attribute,
        gender as known_value
    from users
),

values_counted as (
    select
        attribute,
        known_value,
        count(*) as user_count
    from known_values
    where known_value is not null
    group by attribute, known_value
),

-- the most frequent value; ties go to the first in the alphabet
modes as (
    select
        attribute,
        known_value
    from values_counted
    qualify
        row_number() over (
            partition by attribute order by user_count desc, known_value asc
        ) = 1
),

typical_values as (
    select
        max(case when attribute = 'age_band' then known_value end) as age_band,
        max(case when attribute = 'income_band' then known_value end) as income_band,
        max(case when attribute = 'gender' then known_value end) as gender
    from modes
),

medians as (
    select
        cast(percentile_cont(0.5) within group (order by household_size) as int)
            as household_size,
        cast(percentile_cont(0.5) within group (order by birth_year) as int)
            as birth_year
    from users
),

filled as (
    select
        users.user_id,
        coalesce(users.age_band, typical_values.age_band) as age_band,
        coalesce(users.income_band, typical_values.income_band) as income_band,
        coalesce(users.gender, typical_values.gender) as gender,
        users.city,
        users.region,
        users.acquisition_channel,
        coalesce(users.birth_year, medians.birth_year) as birth_year,
        coalesce(users.household_size, medians.household_size) as household_size,
        users.consent_email,
        users.consent_sms,
        users.consent_push,
        users.consent_ads,
        users.has_profile,
        users.age_band is null and typical_values.age_band is not null
            as is_age_band_filled,
        users.income_band is null and typical_values.income_band is not null
            as is_income_band_filled,
        users.gender is null and typical_values.gender is not null
            as is_gender_filled,
        users.birth_year is null and medians.birth_year is not null
            as is_birth_year_filled,
        users.household_size is null and medians.household_size is not null
            as is_household_size_filled,
        users.signup_at
    from users
    cross join typical_values
    cross join medians
)

select * from filled
