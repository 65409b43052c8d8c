-- one row per event, planned offer, user and as-of date: whether it followed
with

panel as (select * from {{ ref('dec_baseline_windows') }}),

orders as (
    select * from {{ ref('orders') }}
    where user_id is not null and not is_cancelled
),

lines as (
    select * from {{ ref('transactions') }}
    where user_id is not null and line_kind = 'sale' and not is_cancelled
),

covered_days as (
    select distinct
        products.offer_id,
        lines.user_id,
        lines.order_date
    from lines
    inner join {{ ref('plan_offer_products') }} as products
        on lines.product_id = products.product_id
),

covered as (
    select
        panel.offer_id,
        panel.user_id,
        cast(
            count(case when covered_days.order_date < panel.as_of_date then 1 end)
            as bigint
        ) as covered_day_count_182d,
        max(covered_days.order_date) >= panel.as_of_date as is_buying_covered,
        panel.as_of_date
    from panel
    inner join covered_days
        on
            panel.offer_id = covered_days.offer_id
            and panel.user_id = covered_days.user_id
            and covered_days.order_date >= {{ days_after('panel.as_of_date', -182) }}
            and panel.ends_before > covered_days.order_date
    group by panel.offer_id, panel.user_id, panel.as_of_date
),

user_windows as (
    select distinct
        user_id,
        ends_before,
        as_of_date
    from panel
),

ordered as (
    select distinct
        user_windows.user_id,
        user_windows.ends_before,
        user_windows.as_of_date
    from user_windows
    inner join orders
        on
            user_windows.user_id = orders.user_id
            and user_windows.as_of_date <= orders.order_date
            and user_windows.ends_before > orders.order_date
),

-- a contact counts for as long as its campaign lasts
contacted as (
    select distinct
        user_windows.user_id,
        user_windows.ends_before,
        user_windows.as_of_date
    from user_windows
    inner join {{ ref('campaign_contacts') }} as contacts
        on user_windows.user_id = contacts.user_id and contacts.arm = 'treatment'
    inner join {{ ref('campaign_calendar') }} as campaigns
        on
            contacts.campaign_id = campaigns.campaign_id
            and user_windows.ends_before > campaigns.starts_on
            and user_windows.as_of_date <= campaigns.ends_on
),

usual as (
    select
        panel.*,
        1 - exp(
            -panel.window_days * coalesce(covered.covered_day_count_182d, 0)
            / cast(least(panel.days_since_first_order, 182) as double)
        ) as usual_covered,
        1 - exp(
            -panel.window_days * panel.active_day_count_91d
            / cast(least(panel.days_since_first_order, 91) as double)
        ) as usual_order,
        coalesce(covered.is_buying_covered, false) as is_buying_covered,
        ordered.user_id is not null as is_ordering,
        contacted.user_id is null as is_without_contact
    from panel
    left join covered
        on
            panel.offer_id = covered.offer_id
            and panel.user_id = covered.user_id
            and panel.as_of_date = covered.as_of_date
    left join ordered
        on
            panel.user_id = ordered.user_id
            and panel.ends_before = ordered.ends_before
            and panel.as_of_date = ordered.as_of_date
    left join contacted
        on
            panel.user_id = contacted.user_id
            and panel.ends_before = contacted.ends_before
            and panel.as_of_date = contacted.as_of_date
),

-- in decimals, so that their sums are exact
united as (
    select
        'covered purchase' as event_name,
        offer_id,
        user_id,
        window_days,
        recency_days,
        cast(usual_covered as decimal(9, 6)) as usual_probability,
        is_buying_covered as is_happening,
        is_without_contact,
        is_observed,
        is_target,
        ends_before,
        as_of_date
    from usual
    union all
    -- whatever the offer
    select distinct
        'order' as event_name,
        'any' as offer_id,
        user_id,
        window_days,
        recency_days,
        cast(usual_order as decimal(9, 6)) as usual_probability,
        is_ordering as is_happening,
        is_without_contact,
        is_observed,
        is_target,
        ends_before,
        as_of_date
    from usual
)

select * from united
