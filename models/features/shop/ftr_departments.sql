-- one row per department that gets a slot in the share features
with

products as (
    select * from {{ ref('products') }}
    where is_in_catalogue and product_kind = 'goods'
),

counted as (
    select
        department,
        count(*) as product_count
    from products
    group by department
),

-- by size of the catalogue: with sales, later rows would change earlier features
slotted as (
    select
        department,
        cast(
            row_number() over (order by product_count desc, department asc) as bigint
        ) as department_slot
    from counted
)

select
    department,
    department_slot
from slotted
where department_slot <= {{ var('department_slots') }}
