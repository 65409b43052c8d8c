-- one row per user row of the source, with its status
{% set columns = [
    'user_id', 'age_band', 'income_band', 'gender', 'city', 'region',
    'acquisition_channel', 'birth_year', 'household_size', 'consent_email',
    'consent_sms', 'consent_push', 'consent_ads', 'signup_at', 'updated_at',
] -%}
{% set key = ['user_id'] -%}
with

source_rows as (select * from {{ ref('intake_users') }}),

ranged as (
    select
        *,
        birth_year < {{ var('earliest_birth_year') }}
        or birth_year > {{ run_started_at.year }} as is_birth_year_wrong
    from source_rows
),

judged as (
    select
        {% for column in columns if column != 'birth_year' -%}
            {{ column }},
        {% endfor -%}
        source_file,
        source_row,
        case when not is_birth_year_wrong then birth_year end as birth_year,
        {{ repairs_made([
            "case when is_birth_year_wrong then"
            ~ " 'birth_year is out of range, emptied' end",
        ]) }} as repairs_made,
        case
            {{ fault_of(['user_id']) }}
        end as fault
    from ranged
),

{{ checked_rows(key, columns) }}
