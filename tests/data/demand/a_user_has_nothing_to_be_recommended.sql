-- where anything was sold in the last 28 days, nobody is left without a list
select users.user_id
from {{ ref('users') }} as users
left join {{ ref('product_recommendations') }} as recommendations
    on users.user_id = recommendations.user_id
where
    recommendations.user_id is null
    and exists (
        select 1 from {{ ref('ftr_product__popularity') }} as popularity
        inner join {{ ref('as_of_dates') }} as as_of_dates
            on popularity.as_of_date = as_of_dates.as_of_date
        left join {{ ref('rec_unavailable_products') }} as unavailable
            on popularity.product_id = unavailable.product_id
        where
            as_of_dates.is_scoring_date
            and popularity.buyer_count_28d > 0
            and unavailable.product_id is null
    )
