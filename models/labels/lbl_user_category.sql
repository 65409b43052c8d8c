-- one row per user drawn or to score, category or department, and as-of date
with

users as (
    select
        user_id,
        first_order_id,
        is_drawn,
        as_of_date
    from {{ ref('lbl_user') }}
    where is_drawn or split_name = 'score'
),

categories as (select * from {{ ref('ftr_categories') }}),
category_days as (select * from {{ ref('ftr_user_category__days') }}),

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
        category_days.user_id,
        category_days.category_level,
        category_days.category_name,
        as_of_dates.as_of_date
    from as_of_dates
    inner join category_days
        on
            as_of_dates.as_of_date <= category_days.activity_date
            and as_of_dates.label_end_date > category_days.activity_date
),

-- unknown while the window is open
labelled as (
    select
        users.user_id,
        users.first_order_id,
        categories.category_level,
        categories.category_name,
        as_of_dates.apart_split_name as split_name,
        categories.category_level = 'category' as is_category,
        categories.category_level = 'department' as is_department,
        case
            when as_of_dates.label_end_date <= as_of_dates.scoring_date
                then bought.user_id is not null
        end as is_bought_28d,
        users.is_drawn and {{ is_in_hashed_share(
            "concat_ws('/', users.first_order_id, categories.category_name,"
            ~ " cast(users.as_of_date as string))",
            'category',
            var('category_learnt_share')
        ) }} as is_learnt_from,
        as_of_dates.label_end_date,
        as_of_dates.apart_train_until_date as train_until_date,
        as_of_dates.as_of_date
    from users
    inner join as_of_dates on users.as_of_date = as_of_dates.as_of_date
    cross join categories
    left join bought
        on
            users.user_id = bought.user_id
            and categories.category_level = bought.category_level
            and categories.category_name = bought.category_name
            and users.as_of_date = bought.as_of_date
)

select * from labelled
