-- one row per review row of the source, with its status
{% set columns = [
    'review_id', 'user_id', 'product_id', 'review_text', 'language', 'rating',
    'reviewed_at', 'updated_at',
] -%}
{% set key = ['review_id'] -%}
with

source_rows as (select * from {{ ref('intake_reviews') }}),

known_products as (
    select
        product_id,
        is_in_catalogue,
        {{ pseudonym('product_id') }} as product_pseudonym
    from {{ ref('int_products_completed') }}
),

known_users as (
    select user_id from {{ ref('int_users_checked') }}
    where row_status = 'kept'
),

matched as (
    select
        source_rows.*,
        known_products.product_id is not null as is_product_known,
        coalesce(known_products.is_in_catalogue, false) as is_in_catalogue,
        known_users.user_id is not null as is_user_known
    from source_rows
    left join known_products on source_rows.product_id = known_products.product_id
    left join known_users on source_rows.user_id = known_users.user_id
),

-- swapped user and product ids: each is known only in the other column
swapped_ids as (
    select distinct
        matched.user_id,
        matched.product_id,
        known_users.user_id as right_user_id,
        known_products.product_id as right_product_id
    from matched
    inner join known_products on matched.user_id = known_products.product_pseudonym
    inner join known_users
        on {{ pseudonym('matched.product_id') }} = known_users.user_id
    where not matched.is_user_known and not matched.is_in_catalogue
),

judged as (
    select
        {% for column in columns
            if column not in ('user_id', 'product_id', 'rating') -%}
            matched.{{ column }},
        {% endfor -%}
        matched.source_file,
        matched.source_row,
        coalesce(swapped_ids.right_user_id, matched.user_id) as user_id,
        coalesce(swapped_ids.right_product_id, matched.product_id) as product_id,
        case when matched.rating between 1 and 5 then matched.rating end as rating,
        {{ repairs_made([
            "case when swapped_ids.user_id is not null"
            ~ " then 'user_id and product_id were swapped' end",
            "case when matched.rating not between 1 and 5"
            ~ " then 'rating is out of range, emptied' end",
        ]) }} as repairs_made,
        case
            {{ fault_of(['review_id', 'product_id', 'reviewed_at'], 'matched') }}
            when not matched.is_product_known and swapped_ids.user_id is null
                then 'product_id is unknown'
            when matched.rating is null and matched.review_text is null
                then 'rating and review_text are missing'
            {{ clock_fault('reviewed_at', 'matched') }}
        end as fault
    from matched
    left join swapped_ids
        on
            matched.user_id = swapped_ids.user_id
            and matched.product_id = swapped_ids.product_id
),

{{ checked_rows(key, columns) }}
