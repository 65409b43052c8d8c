-- one row per user, candidate product, and as-of date: whether it was bought after
with

candidates as (
    select
        user_id,
        product_id,
        bought_day_count > 0 as is_bought_before,
        as_of_date
    from {{ ref('ftr_user_product__snapshot') }}
),

users as (select * from {{ ref('ftr_user_product__users') }}),
product_days as (select * from {{ ref('ftr_user_product__days') }}),

as_of_dates as (
    select
        apart_split_name,
        apart_train_until_date,
        as_of_date,
        scoring_date,
        {{ days_after('as_of_date', var('lapse_horizon_days')) }} as label_end_date
    from {{ ref('lbl_splits') }}
    where is_window_apart
),

bought as (
    select distinct
        product_days.user_id,
        product_days.product_id,
        as_of_dates.as_of_date
    from as_of_dates
    inner join product_days
        on
            as_of_dates.as_of_date <= product_days.activity_date
            and as_of_dates.label_end_date > product_days.activity_date
),

-- unknown while the window is open
labelled as (
    select
        candidates.user_id,
        users.first_order_id,
        candidates.product_id,
        as_of_dates.apart_split_name as split_name,
        candidates.is_bought_before,
        not candidates.is_bought_before as is_new_to_user,
        case
            when as_of_dates.label_end_date <= as_of_dates.scoring_date
                then bought.user_id is not null
        end as is_product_bought_28d,
        users.is_learnt_from
        and (
            not candidates.is_bought_before
            or {{ is_in_hashed_share(
                "concat_ws('/', users.first_order_id, candidates.product_id,"
                ~ " cast(candidates.as_of_date as string))",
                'bought products',
                var('recommendation_learnt_share').bought
            ) }}
        ) as is_learnt_from,
        as_of_dates.label_end_date,
        as_of_dates.apart_train_until_date as train_until_date,
        candidates.as_of_date
    from candidates
    inner join users
        on
            candidates.user_id = users.user_id
            and candidates.as_of_date = users.as_of_date
    inner join as_of_dates on candidates.as_of_date = as_of_dates.as_of_date
    left join bought
        on
            candidates.user_id = bought.user_id
            and candidates.product_id = bought.product_id
            and candidates.as_of_date = bought.as_of_date
)

select * from labelled
