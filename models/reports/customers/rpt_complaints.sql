-- one row per product and aspect at the top of what customers complain of
with

products as (select * from {{ ref('products') }}),

voice as (
    select * from {{ ref('product_voice') }}
    where complaint_share is not null
),

totals as (
    select
        cast(count(distinct product_id) as bigint) as voiced_count,
        cast(count(distinct case when is_complaint_alert then product_id end) as bigint)
            as alert_count
    from voice
),

-- alerts first, then what is surely complained of most
ranked as (
    select
        *,
        row_number() over (
            order by
                is_complaint_alert desc,
                complaint_share_low desc,
                product_id asc,
                aspect asc
        ) as list_rank
    from voice
),

published as (
    select
        cast(ranked.list_rank as bigint) as list_rank,
        ranked.product_id,
        products.product_name,
        case ranked.aspect when 'all' then 'as a whole' else ranked.aspect end
            as aspect,
        ranked.user_count,
        ranked.review_count,
        ranked.complaint_share,
        ranked.complaint_share_low,
        ranked.complaint_share_high,
        ranked.earlier_complaint_share,
        ranked.shop_complaint_share,
        ranked.is_rising,
        ranked.is_complaint_alert,
        totals.voiced_count,
        totals.alert_count
    from ranked
    inner join products on ranked.product_id = products.product_id
    cross join totals
    where ranked.list_rank <= 20
)

select * from published
