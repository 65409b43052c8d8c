-- one row per test date, user, list, and product that the user then bought
with

users as (
    select
        users.user_id,
        users.as_of_date
    from {{ ref('ftr_user_product__users') }} as users
    inner join {{ ref('lbl_splits') }} as splits
        on users.as_of_date = splits.as_of_date
    where users.is_judged and splits.apart_split_name = 'test'
),

product_days as (select * from {{ ref('ftr_user_product__days') }}),

bought as (
    select
        users.user_id,
        product_days.product_id,
        max(case when product_days.activity_date < users.as_of_date then 1 else 0 end)
        = 1 as is_bought_before,
        users.as_of_date
    from users
    inner join product_days on users.user_id = product_days.user_id
    where
        product_days.activity_date
        < {{ days_after('users.as_of_date', var('lapse_horizon_days')) }}
    group by users.user_id, product_days.product_id, users.as_of_date
    having max(product_days.activity_date) >= users.as_of_date
),

relevant as (
    {% for list_name, condition in {
        'all': 'true',
        'buy_again': 'is_bought_before',
        'new_to_you': 'not is_bought_before',
    }.items() -%}
        select
            user_id,
            product_id,
            '{{ list_name }}' as list_name,
            as_of_date
        from bought
        where {{ condition }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from relevant
