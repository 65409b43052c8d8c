-- one row per user
with

source_rows as (select * from {{ source_rows('users') }}),

contracted as (
    select
        {{ pseudonym('user_id') }} as user_id,
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
        signup_at,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
