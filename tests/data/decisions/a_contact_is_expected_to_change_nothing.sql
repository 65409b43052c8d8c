-- decisions of before there were ranges have none; those of erased users are rounded
select
    campaign_id,
    user_id,
    decision_status,
    contacted_probability,
    baseline_probability
from {{ ref('campaign_decisions') }}
where
    decision = 'contact'
    and coalesce(choice_basis, '') <> 'exploratory'
    and not {{ is_erased('user_id') }}
    and not (decision_status = 'launched' and choice_basis is null)
    and coalesce(contacted_probability <= baseline_probability, true)
