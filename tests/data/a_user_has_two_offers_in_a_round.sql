select
    user_id,
    decided_on,
    count(*) as contact_count
from {{ ref('decision_ledger') }}
where decision = 'contact' and revision_number = 1
group by user_id, decided_on
having count(*) > 1
