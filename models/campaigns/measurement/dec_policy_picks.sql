-- one row per policy, launched campaign that is over, and user whom it would pick
with

-- as launched
decisions as (
    select * from {{ ref('decision_ledger') }}
    where revision_number = 1 and decision <> 'excluded'
),

outcomes as (
    select * from {{ ref('dec_arm_outcomes') }}
    where measurement = 'randomised'
),

-- places are those of contacts and their control users
ranked as (
    select
        decisions.campaign_id,
        decisions.user_id,
        decisions.choice_basis,
        decisions.decision,
        decisions.propensity,
        count(case when decisions.decision in ('contact', 'control') then 1 end)
            over (partition by decisions.campaign_id) as place_count,
        row_number() over (
            partition by decisions.campaign_id
            order by decisions.expected_margin desc nulls last, decisions.user_id asc
        ) as value_rank,
        row_number() over (
            partition by decisions.campaign_id
            order by decisions.score desc nulls last, decisions.user_id asc
        ) as score_rank
    from decisions
    semi join outcomes on decisions.campaign_id = outcomes.campaign_id
),

{% set policies = {
    'everybody': 'true',
    'optimal': "choice_basis = 'value' and decision <> 'not chosen'",
    'greedy_by_value': 'value_rank <= place_count',
    'greedy_by_score': 'score_rank <= place_count',
} -%}
picked as (
    {% for policy, rule in policies.items() -%}
        select
            '{{ policy }}' as policy,
            campaign_id,
            user_id,
            decision,
            propensity
        from ranked
        where {{ rule }}
        {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

joined as (
    select
        picked.policy,
        picked.campaign_id,
        picked.user_id,
        picked.decision,
        picked.propensity,
        -- of the users in an arm
        cast(outcomes.margin - outcomes.cost as double) as profit,
        cast(outcomes.pre_amount as double) as spent_before
    from picked
    left join outcomes
        on
            picked.campaign_id = outcomes.campaign_id
            and picked.user_id = outcomes.user_id
            and picked.decision
            = case outcomes.arm when 'treatment' then 'contact' else 'control' end
)

select * from joined
