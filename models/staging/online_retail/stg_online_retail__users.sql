-- one row per customer that a line of the shop's files names
with

lines as (select * from {{ ref('stg_online_retail__lines') }}),

latest_lines as (
    select
        user_id,
        nullif(country, 'Unspecified') as region
    from lines
    where user_id is not null
    qualify
        row_number() over (
            partition by user_id
            order by
                ordered_at desc nulls last,
                order_id desc nulls last,
                country asc nulls last
        ) = 1
),

contracted as (
    select
        user_id,
        cast(null as string) as age_band,
        cast(null as string) as income_band,
        cast(null as string) as gender,
        cast(null as string) as city,
        region,
        cast(null as string) as acquisition_channel,
        cast(null as int) as birth_year,
        cast(null as int) as household_size,
        cast(null as boolean) as consent_email,
        cast(null as boolean) as consent_sms,
        cast(null as boolean) as consent_push,
        cast(null as boolean) as consent_ads,
        cast(null as timestamp) as signup_at,
        {{ nothing_noted() }}
    from latest_lines
)

select * from contracted
