-- launched ones decided about the users there were
select
    decisions.campaign_id,
    count(*) as user_count
from {{ ref('campaign_decisions') }} as decisions
where not decisions.is_frozen
group by decisions.campaign_id
having count(*) <> (select count(*) from {{ ref('users') }})
