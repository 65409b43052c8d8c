-- one row per user row that carries personal data, in the vault
{{ config(materialized="view", database="vault", schema="main") }}
with

source_rows as (
    select * from {{ source_rows('people') }}
),

contracted as (
    select
        user_id,
        email,
        phone,
        full_name,
        first_name,
        last_name,
        language,
        street_address,
        postal_code,
        country,
        push_token,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
