select
    decisions.offer_id,
    count(*) as contact_count
from {{ ref('campaign_decisions') }} as decisions
inner join {{ ref('plan_offers') }} as offers
    on decisions.offer_id = offers.offer_id
where decisions.decision = 'contact'
group by decisions.offer_id
having count(*) > min(offers.stock_cap)
