-- one row per user: who stands behind a pseudonym
with

user_ids as (select * from {{ ref('intake_user_ids') }}),

source_rows as (
    select * from {{ ref('intake_people') }}
    where user_id is not null
),

-- the last changed row, then the last delivered
latest_rows as (
    select * from source_rows
    qualify
        row_number() over (
            partition by user_id
            order by
                updated_at desc nulls last,
                source_file desc nulls last,
                source_row desc nulls last,
                email asc nulls last,
                phone asc nulls last,
                full_name asc nulls last
        ) = 1
),

named as (
    select
        {{ pseudonym('user_ids.user_id') }} as user_id,
        user_ids.user_id as source_user_id,
        lower(latest_rows.email) as email,
        latest_rows.phone,
        latest_rows.full_name,
        latest_rows.first_name,
        latest_rows.last_name,
        lower(latest_rows.language) as language,
        latest_rows.street_address,
        latest_rows.postal_code,
        upper(latest_rows.country) as country,
        latest_rows.push_token
    from user_ids
    left join latest_rows on user_ids.user_id = latest_rows.user_id
)

select * from named
