-- one row per score whose reasons are told: a decision rests on it, or a list shows it
{% set per_task = var('reasons_per_task') -%}
{% set tables = {
    'user_scores': {'score': 'score'},
    'user_amounts': {'score': 'cast(expected_amount as double)'},
    'offer_scores': {'score': 'score_at_contact', 'offer_id': 'offer_id'},
    'category_scores': {
        'score': 'score',
        'category_name': 'category_name',
        'is_best': 'score_rank <= ' ~ var('reason_categories_per_user'),
    },
} -%}
with

tasks as (select * from {{ ref('learning_tasks') }}),
decided as (select * from {{ ref('dec_decided_offers') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

-- sorted by a user's first order, the draw is the same under any key of pseudonyms
users as (
    select
        history.user_id,
        history.first_order_id
    from {{ ref('ftr_user__windows') }} as history
    inner join scoring on history.as_of_date = scoring.as_of_date
),

scores as (
    {% for table, columns in tables.items() -%}
        select
            task,
            user_id,
            {{ columns.get('offer_id', 'cast(null as string)') }} as offer_id,
            {{ columns.get('category_name', 'cast(null as string)') }}
                as category_name,
            {{ columns.get('is_best', 'true') }} as is_best,
            {{ columns.score }} as score
        from {{ ref(table) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- the offer's own scores, that of the objective, and the best categories for the mail
of_decisions as (
    select
        scores.task,
        scores.user_id,
        scores.offer_id,
        scores.category_name,
        true as is_decided,
        false as is_drawn
    from scores
    inner join decided on scores.user_id = decided.user_id
    where
        scores.score is not null
        and (
            scores.offer_id = decided.offer_id
            or (scores.category_name is not null and scores.is_best)
            or (
                scores.offer_id is null
                and scores.task = decided.objective_task
                and coalesce(scores.category_name = decided.eligible_category, true)
            )
        )
),

ordered as (
    select
        scores.task,
        scores.user_id,
        scores.offer_id,
        scores.category_name,
        row_number() over (
            partition by scores.task
            order by
                scores.score desc,
                users.first_order_id asc,
                scores.offer_id asc,
                scores.category_name asc
        ) as best_place,
        row_number() over (
            partition by scores.task
            order by
                md5(concat_ws(
                    ':', users.first_order_id, scores.offer_id, scores.category_name
                )) asc,
                users.first_order_id asc
        ) as drawn_place
    from scores
    inner join users on scores.user_id = users.user_id
    where scores.score is not null and scores.is_best
),

-- the highest for lists, and as many drawn, which stand for all in the report
of_lists as (
    select
        task,
        user_id,
        offer_id,
        category_name,
        false as is_decided,
        drawn_place <= {{ per_task }} as is_drawn
    from ordered
    {% if var('reasons_for') == 'shown' -%}
        where best_place <= {{ per_task }} or drawn_place <= {{ per_task }}
    {%- endif %}
),

united as (
    select * from of_decisions
    union all
    select * from of_lists
),

explained as (
    select
        tasks.grain,
        united.task,
        united.user_id,
        united.offer_id,
        united.category_name,
        {{ dbt.bool_or('united.is_decided') }} as is_decided,
        {{ dbt.bool_or('united.is_drawn') }} as is_drawn
    from united
    inner join tasks on united.task = tasks.task
    group by
        tasks.grain,
        united.task,
        united.user_id,
        united.offer_id,
        united.category_name
)

select * from explained
