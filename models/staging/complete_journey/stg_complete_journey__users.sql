-- one row per household with known demographics
with

demographics as (select * from {{ source('complete_journey', 'demographics') }}),

renamed as (
    select
        cast(household_id as string) as user_id,
        age as age_band,
        income as income_band,
        cast(null as string) as gender,
        cast(null as string) as city,
        cast(null as string) as region,
        cast(null as string) as acquisition_channel,
        cast(null as int) as birth_year,
        -- '5+' is the open top
        try_cast(replace(household_size, '+', '') as int) as household_size,
        cast(null as boolean) as consent_email,
        cast(null as boolean) as consent_sms,
        cast(null as boolean) as consent_push,
        cast(null as boolean) as consent_ads,
        cast(null as timestamp) as signup_at,
        {{ nothing_noted() }}
    from demographics
)

select * from renamed
