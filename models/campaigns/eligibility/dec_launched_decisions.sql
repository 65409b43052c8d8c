-- one row per decision that an earlier build froze: what stands of it now
{% set ledger = adapter.get_relation(
    target.database, generate_schema_name('campaigns', model), 'decision_ledger'
) if execute -%}
{#- the ledger is no ref: it is written from here, and remembers its own last state -#}
-- depends_on: {{ ref('plan_campaigns') }}, as a plan with a fault stops here, too
with

ledger as (
    {% if ledger -%}
        select
            campaign_id,
            user_id,
            decision,
            offer_id,
            channel,
            segment_name,
            revision_number,
            response_probability,
            expected_cost,
            expected_margin,
            send_on,
            decided_on
        from {{ ledger }}
    {% else -%}
        select
            cast(null as string) as campaign_id,
            cast(null as string) as user_id,
            cast(null as string) as decision,
            cast(null as string) as offer_id,
            cast(null as string) as channel,
            cast(null as string) as segment_name,
            cast(null as bigint) as revision_number,
            cast(null as double) as response_probability,
            cast(null as double) as expected_cost,
            cast(null as double) as expected_margin,
            cast(null as date) as send_on,
            cast(null as date) as decided_on
        where 1 = 0
    {% endif %}
),

latest as (
    select
        campaign_id,
        user_id,
        decision,
        offer_id,
        channel,
        segment_name,
        revision_number,
        response_probability,
        expected_cost,
        expected_margin,
        send_on,
        decided_on
    from ledger
    qualify
        row_number() over (
            partition by campaign_id, user_id order by revision_number desc
        ) = 1
)

select * from latest
