-- one row per decision that an earlier build launched: what stands of it now
{% set ledger = adapter.get_relation(
    target.database, generate_schema_name('campaigns', model), 'decision_ledger'
) if execute -%}
{#- the ledger is no ref: it is written from here, and remembers its own last state -#}
-- depends_on: {{ ref('plan_campaigns') }}, as a plan with a fault stops here, too
{% set columns = {
    'campaign_id': 'string', 'user_id': 'string', 'decision': 'string',
    'offer_id': 'string', 'channel': 'string', 'segment_name': 'string',
    'is_global_control': 'boolean', 'control_draw': 'string',
    'revision_number': 'bigint', 'response_probability': 'double',
    'baseline_probability': 'double', 'expected_cost': 'double',
    'expected_margin': 'double', 'send_on': 'date',
} -%}
with

ledger as (
    select
        {% for column, type in columns.items() -%}
            cast({{ column if ledger else 'null' }} as {{ type }}) as {{ column }},
        {% endfor -%}
        cast({{ 'decided_on' if ledger else 'null' }} as date) as decided_on
    {% if ledger %}from {{ ledger }}{% else %}where 1 = 0{% endif %}
),

latest as (
    select
        *,
        min(decided_on) over (partition by campaign_id) as launched_on
    from ledger
    qualify
        row_number() over (
            partition by campaign_id, user_id order by revision_number desc
        ) = 1
)

select * from latest
