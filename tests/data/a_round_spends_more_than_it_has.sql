-- what a round of decisions, launched together, may cost: the week's budget
select
    decided_on,
    sum(expected_cost) as expected_cost
from {{ ref('decision_ledger') }}
where decision = 'contact'
group by decided_on
having sum(expected_cost) > {{ shop('weekly_budget') }} + 0.000001
