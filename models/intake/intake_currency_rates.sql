-- one row per day, currency and currency that it is converted into
with

source_rows as (
    select * from {{ source_rows('currency_rates') }}
),

contracted as (
    select
        rate_date,
        currency,
        into_currency,
        rate,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
