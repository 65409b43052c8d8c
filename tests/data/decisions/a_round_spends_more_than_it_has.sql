-- a round of decisions may cost the week's budget; withdrawn decisions do not count
select
    ledger.decided_on,
    sum(ledger.expected_cost) as expected_cost
from {{ ref('decision_ledger') }} as ledger
anti join {{ ref('decision_ledger') }} as corrections
    on ledger.decision_id = corrections.corrects_decision_id
where ledger.decision = 'contact'
group by ledger.decided_on
having sum(ledger.expected_cost) > {{ shop('weekly_budget') }} + 0.000001
