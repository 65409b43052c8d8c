-- one row per user and count of purchases, views, complaints or contacts for audiences
with

measures as (
    select distinct
        measure_id,
        attribute,
        category,
        brand,
        product_id,
        window_days
    from {{ ref('plan_audience_conditions') }}
    where is_activity
),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

users as (
    select user_id from {{ ref('users') }}
),

products as (
    select * from {{ ref('products') }}
    where product_kind = 'goods'
),

-- what the names of attributes end with says which rows they count
activities as (
    select
        'bought' as activity,
        user_id,
        product_id,
        order_id as occasion_id,
        cast(quantity as double) as units,
        cast(net_amount as double) as amount,
        order_date as activity_date
    from {{ ref('transactions') }}
    where is_basket_line and not is_cancelled
    union all
    select
        case event_type when 'view' then 'viewed' else 'in_cart' end as activity,
        user_id,
        product_id,
        event_id as occasion_id,
        0 as units,
        0 as amount,
        occurred_on as activity_date
    from {{ ref('events') }}
    where event_type in ('view', 'add_to_cart')
    union all
    select
        'complained' as activity,
        user_id,
        product_id,
        review_id as occasion_id,
        0 as units,
        0 as amount,
        reviewed_on as activity_date
    from {{ ref('review_sentiment') }}
    where opinion = 'complaint'
    union all
    select
        'contacted' as activity,
        user_id,
        cast(null as string) as product_id,
        campaign_id as occasion_id,
        0 as units,
        0 as amount,
        contact_date as activity_date
    from {{ ref('dec_contacts') }}
),

-- without goods named, all count
covered as (
    select
        measures.measure_id,
        products.product_id
    from measures
    inner join products
        on
            (measures.product_id is null or measures.product_id = products.product_id)
            and (measures.brand is null or measures.brand = products.brand)
            and (
                measures.category is null
                or measures.category = products.category
                or measures.category = products.department
                or measures.category = products.subcategory
            )
    where coalesce(measures.category, measures.brand, measures.product_id) is not null
),

counted as (
    select
        measures.measure_id,
        activities.user_id,
        count(distinct activities.occasion_id) as times,
        sum(activities.units) as units,
        sum(activities.amount) as amount,
        min({{ days_between('activities.activity_date', 'scoring.as_of_date') }})
            as days_since
    from measures
    cross join scoring
    inner join activities
        on
            measures.attribute like concat('%', activities.activity)
            and scoring.as_of_date > activities.activity_date
            and (
                measures.window_days is null
                or {{ days_between('activities.activity_date', 'scoring.as_of_date') }}
                <= measures.window_days
            )
    left join covered
        on
            measures.measure_id = covered.measure_id
            and activities.product_id = covered.product_id
    where
        covered.product_id is not null
        or coalesce(measures.category, measures.brand, measures.product_id) is null
    group by measures.measure_id, activities.user_id
),

-- who did nothing did it 0 times, and no number of days ago
valued as (
    select
        users.user_id,
        measures.measure_id,
        case
            when measures.attribute like 'times%' then coalesce(counted.times, 0)
            when measures.attribute like 'units%' then coalesce(counted.units, 0)
            when measures.attribute like 'amount%' then coalesce(counted.amount, 0)
            else counted.days_since
        end as number_value
    from users
    cross join measures
    left join counted
        on
            users.user_id = counted.user_id
            and measures.measure_id = counted.measure_id
)

select * from valued
