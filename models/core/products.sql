-- one row per product
-- depends_on: {{ ref('data_quality') }}
select
    product_id,
    product_name,
    department,
    category,
    subcategory,
    brand,
    product_kind,
    list_price,
    unit_cost,
    is_in_catalogue,
    launched_at
from {{ ref('int_products_completed') }}
