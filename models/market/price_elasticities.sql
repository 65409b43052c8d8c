-- one row per category: how units follow the price, or why that cannot be known
{% set prices = var('market_prices') -%}
with

fits as (select * from {{ ref('ml_price_elasticities') }}),
scoring as (select distinct scoring_date from {{ ref('as_of_dates') }}),

judged as (
    select
        *,
        case
            when moved_product_count = 0 then 'price never moved'
            when
                moved_product_count < {{ prices.least_products }}
                or elasticity is null
                then 'price moved for too few products'
            when elasticity_high - elasticity_low > {{ prices.widest_interval }}
                then 'interval too wide'
            else 'measured'
        end as status
    from fits
),

shown as (
    select
        judged.category,
        judged.status,
        judged.product_count,
        judged.moved_product_count,
        judged.cell_count,
        case when judged.status = 'measured' then judged.elasticity end as elasticity,
        case when judged.status = 'measured' then judged.elasticity_low end
            as elasticity_low,
        case when judged.status = 'measured' then judged.elasticity_high end
            as elasticity_high,
        scoring.scoring_date as measured_on
    from judged
    cross join scoring
)

select
    category,
    status,
    product_count,
    moved_product_count,
    cell_count,
    elasticity,
    elasticity_low,
    elasticity_high,
    -- the cut from which a further one costs more than it brings, at the shop's margin;
    -- the weaker end of the interval, so that a depth is not proposed by chance
    case
        when elasticity is null then null
        when elasticity_high >= -1 then 0
        else greatest(
            1 - (1 - {{ shop('margin_share') }}) * elasticity_high
            / (1 + elasticity_high),
            0
        )
    end as most_discount_share,
    measured_on
from shown
