-- reasons are of the scores that dec_explained_scores lists, and each of these has
-- some, but where nothing moves the score from the baseline of its task
{% set grains = ['user', 'user_offer', 'user_category'] -%}
{% set keys = ['task', 'user_id', 'offer_id', 'category_name'] -%}
with

listed as (select * from {{ ref('dec_explained_scores') }}),
tasks as (select * from {{ ref('learning_tasks') }}),

{% for kind, value in {'reasons': 'baseline', 'scores': 'score'}.items() -%}
    {{ kind }} as (
        {% for grain in grains -%}
            select
                {% for key in keys -%}
                    coalesce({{ key }}, '') as {{ key }},
                {% endfor -%}
                max({{ value }}) as {{ value }}
            from {{ ref('ml_' ~ grain ~ '__' ~ kind) }}
            group by task, user_id, offer_id, category_name
            {% if not loop.last %}union all{% endif %}
        {% endfor %}
    ),

{% endfor -%}
baselines as (
    select
        reasons.task,
        case
            when max(tasks.label_kind) = 'amount' then max(reasons.baseline)
            else 1 / (1 + exp(-max(reasons.baseline)))
        end as score
    from reasons
    inner join tasks on reasons.task = tasks.task
    group by reasons.task
),

compared as (
    select
        coalesce(listed.task, reasons.task) as task,
        coalesce(listed.user_id, reasons.user_id) as user_id,
        listed.task is not null as is_listed,
        reasons.task is not null as is_told,
        scores.score,
        -- of a task without any reason all scores are the baseline
        coalesce(
            baselines.score, min(scores.score) over (partition by listed.task)
        ) as baseline_score
    from listed
    full outer join reasons
        on
            listed.task = reasons.task
            and listed.user_id = reasons.user_id
            and coalesce(listed.offer_id, '') = reasons.offer_id
            and coalesce(listed.category_name, '') = reasons.category_name
    left join scores
        on
            listed.task = scores.task
            and listed.user_id = scores.user_id
            and coalesce(listed.offer_id, '') = scores.offer_id
            and coalesce(listed.category_name, '') = scores.category_name
    left join baselines on listed.task = baselines.task
)

select * from compared
where
    not is_listed
    or (not is_told and coalesce(abs(score - baseline_score) > 1e-6, true))
