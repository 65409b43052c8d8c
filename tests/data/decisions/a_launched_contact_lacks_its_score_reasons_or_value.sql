-- a campaign under an offer's id, or an offer under a campaign's, finds no row
{% set tables = [
    'offer_scores', 'offer_score_reasons', 'user_uplift', 'dec_offer_values'
] -%}
with

contacts as (
    select
        audience.campaign_id,
        audience.offer_id,
        audience.user_id
    from {{ ref('campaign_audience') }} as audience
    inner join {{ ref('campaign_decisions') }} as decisions
        on audience.decision_id = decisions.decision_id
    -- what has left the plan is scored no more
    inner join {{ ref('plan_campaigns') }} as campaigns
        on decisions.campaign_id = campaigns.campaign_id
    -- those drawn at random may have none
    where coalesce(decisions.choice_basis, 'value') = 'value'
),

{% for table in tables -%}
    missing_in_{{ table }} as (
        select
            contacts.*,
            '{{ table }}' as missing_in
        from contacts
        left join {{ ref(table) }} as found
            on
                contacts.campaign_id = found.campaign_id
                and contacts.offer_id = found.offer_id
                and contacts.user_id = found.user_id
        where found.user_id is null
    ),

{% endfor -%}
united as (
    {% for table in tables -%}
        select * from missing_in_{{ table }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from united
