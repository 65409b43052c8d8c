-- of var reorder_budget, where there is one
select sum(order_cost) as order_cost
from {{ ref('reorder_plan') }}
having sum(order_cost) > nullif({{ var('reorder_budget') }}, 0) + 0.000001
