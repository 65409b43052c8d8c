-- one row per offer, user and as-of date: what the user did about the offer
with

candidates as (
    select
        *,
        {{ days_after('as_of_date', 14) }} as label_end_date
    from {{ ref('ftr_user_offer__candidates') }}
),

scoring_dates as (
    select distinct scoring_date from {{ ref('as_of_dates') }}
),

offer_products as (
    select distinct
        offer_id,
        product_id
    from {{ ref('ftr_offer__products') }}
),

offers as (select * from {{ ref('ftr_offers') }}),

-- of the shop's own campaigns: each is one offer under the campaign's id
redemptions as (
    select
        campaign_id as offer_id,
        user_id,
        redeemed_on
    from {{ ref('coupon_redemptions') }}
),

transactions as (
    select * from {{ ref('transactions') }}
    where user_id is not null and line_kind = 'sale' and not is_cancelled
),

responded as (
    select distinct
        candidates.user_id,
        candidates.offer_id,
        candidates.as_of_date
    from candidates
    inner join transactions
        on
            candidates.user_id = transactions.user_id
            and candidates.as_of_date <= transactions.order_date
            and candidates.label_end_date > transactions.order_date
    inner join offer_products
        on
            candidates.offer_id = offer_products.offer_id
            and transactions.product_id = offer_products.product_id
),

redeemed as (
    select
        candidates.user_id,
        candidates.offer_id,
        candidates.as_of_date,
        max(
            case
                when
                    candidates.as_of_date <= redemptions.redeemed_on
                    and offers.ends_on >= redemptions.redeemed_on
                    then 1
                else 0
            end
        ) as is_after,
        max(
            case when candidates.as_of_date > redemptions.redeemed_on then 1 else 0 end
        ) as is_before
    from candidates
    inner join offers on candidates.offer_id = offers.offer_id
    inner join redemptions
        on
            candidates.user_id = redemptions.user_id
            and candidates.offer_id = redemptions.offer_id
    group by candidates.user_id, candidates.offer_id, candidates.as_of_date
),

-- unknown while the window is open
labelled as (
    select
        candidates.user_id,
        candidates.offer_id,
        case
            when candidates.label_end_date <= scoring_dates.scoring_date
                then responded.user_id is not null
        end as is_responding_14d,
        coalesce(redeemed.is_before = 1, false) as has_redeemed_before,
        -- a campaign still open may yet be redeemed
        coalesce(redeemed.is_after = 1, false) as is_redeemed_so_far,
        candidates.as_of_date
    from candidates
    cross join scoring_dates
    left join responded
        on
            candidates.user_id = responded.user_id
            and candidates.offer_id = responded.offer_id
            and candidates.as_of_date = responded.as_of_date
    left join redeemed
        on
            candidates.user_id = redeemed.user_id
            and candidates.offer_id = redeemed.offer_id
            and candidates.as_of_date = redeemed.as_of_date
)

select * from labelled
