-- launched decisions that are dated after now: the clock went back, and what is due
-- would be judged by the wrong day
{% set latest = run_started_at + modules.datetime.timedelta(days=2) -%}
select
    campaign_id,
    max(decided_on) as decided_on
from {{ ref('decision_ledger') }}
group by campaign_id
having max(decided_on) > cast('{{ latest.strftime("%Y-%m-%d") }}' as date)
