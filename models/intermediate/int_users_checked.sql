-- one row per user row of the source, with what became of it
{% set columns = [
    'user_id', 'age_band', 'income_band', 'gender', 'city', 'region',
    'acquisition_channel', 'birth_year', 'household_size', 'consent_email',
    'consent_sms', 'consent_push', 'consent_ads', 'signup_at',
] -%}
with

source_rows as (
    select * from {{ ref('intake_users') }}
),

judged as (
    select
        *,
        case
            when user_id is null then 'user_id is missing'
        end as fault
    from source_rows
),

numbered as (
    select
        *,
        {{ copy_number(columns) }} as copy_number,
        {{ version_number(['user_id', 'fault'], columns) }} as version_number
    from judged
),

explained as (
    select
        *,
        case
            when copy_number > 1 then 'exact duplicate'
            when fault is not null then fault
            when version_number > 1
                then 'user_id comes again with other values'
        end as status_reason
    from numbered
),

decided as (
    select
        {{ columns | join(',\n        ') }},
        status_reason,
        {{ row_status('status_reason') }} as row_status
    from explained
)

select * from decided
