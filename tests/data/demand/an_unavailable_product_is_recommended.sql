select
    recommendations.user_id,
    recommendations.product_id
from {{ ref('product_recommendations') }} as recommendations
inner join {{ ref('rec_unavailable_products') }} as unavailable
    on recommendations.product_id = unavailable.product_id
union all
select
    recommendations.user_id,
    recommendations.product_id
from {{ ref('product_recommendations') }} as recommendations
inner join {{ ref('transactions') }} as transactions
    on
        recommendations.user_id = transactions.user_id
        and recommendations.product_id = transactions.product_id
-- what is new to a user was never bought
where
    recommendations.list_name = 'new_to_you'
    and transactions.is_basket_line
    and not transactions.is_cancelled
