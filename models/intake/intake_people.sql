-- one row per user row that carries personal data, in the vault
{{ config(database="vault", schema="main") }}
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
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
