-- a user withdrawn from one campaign may get another offer
select
    ledger.user_id,
    ledger.decided_on,
    count(*) as contact_count
from {{ ref('decision_ledger') }} as ledger
anti join {{ ref('decision_ledger') }} as corrections
    on ledger.decision_id = corrections.corrects_decision_id
where ledger.decision = 'contact'
group by ledger.user_id, ledger.decided_on
having count(*) > 1
