select
    decisions.campaign_id,
    decisions.user_id
from {{ ref('campaign_decisions') }} as decisions
inner join {{ ref('dec_eligibility') }} as eligibility
    on
        decisions.campaign_id = eligibility.campaign_id
        and decisions.user_id = eligibility.user_id
where
    decisions.decision = 'contact'
    and not decisions.is_frozen
    and (not eligibility.is_eligible or eligibility.lacks_consent)
