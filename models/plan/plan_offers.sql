-- one row per offer of a campaign that is planned
with

campaigns as (select * from {{ ref('plan_campaigns') }}),

offers as (
    select
        offer_id,
        campaign_id,
        discount_kind,
        eligible_category,
        eligible_products,
        discount_value,
        cost_per_redemption,
        funded_share,
        minimum_basket_amount,
        stock_cap
    from {{ ref('offers') }}
    where shop = '{{ active_source() }}'
),

-- a draft has one offer under the draft's id
drafted as (
    select
        campaign_id as offer_id,
        campaign_id,
        discount_kind,
        eligible_category,
        cast(null as string) as eligible_products,
        discount_value,
        cost_per_redemption,
        funded_share,
        cast(null as string) as minimum_basket_amount,
        cast(null as string) as stock_cap
    from {{ ref('plan_drafts') }}
),

united as (
    select * from offers
    union all
    select * from drafted
),

typed as (
    select
        united.offer_id,
        united.campaign_id,
        united.discount_kind,
        united.eligible_category,
        united.eligible_products,
        coalesce(try_cast(united.discount_value as double), 0) as discount_value,
        try_cast(united.cost_per_redemption as double) as cost_per_redemption,
        try_cast(united.funded_share as double) as funded_share,
        try_cast(united.minimum_basket_amount as double) as minimum_basket_amount,
        try_cast(united.stock_cap as bigint) as stock_cap
    from united
    inner join campaigns on united.campaign_id = campaigns.campaign_id
)

select * from typed
