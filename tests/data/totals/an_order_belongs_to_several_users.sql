-- an order takes the user of its lines: with two users, one would get all lines
select
    order_id,
    count(distinct user_id) as user_count
from {{ ref('transactions') }}
group by order_id
having count(distinct user_id) > 1
