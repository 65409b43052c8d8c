-- orders take the user of their lines: two users in one would credit one with all
select
    order_id,
    count(distinct user_id) as user_count
from {{ ref('transactions') }}
group by order_id
having count(distinct user_id) > 1
