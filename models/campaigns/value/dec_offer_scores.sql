-- one row per planned offer and user with a score: of its objective, and of a response
{% set response_tasks = var('response_tasks') -%}
with

offers as (
    select
        offers.offer_id,
        offers.campaign_id,
        offers.eligible_category,
        offers.discount_kind,
        campaigns.objective_task
    from {{ ref('plan_offers') }} as offers
    inner join {{ ref('plan_campaigns') }} as campaigns
        on offers.campaign_id = campaigns.campaign_id
),

offer_scores as (select * from {{ ref('offer_scores') }}),

user_scores as (
    select * from {{ ref('user_scores') }}
    where score is not null
),

category_scores as (select * from {{ ref('category_scores') }}),

-- the objective may be of any grain
objectives as (
    select
        offers.offer_id,
        scores.user_id,
        scores.estimator_version,
        scores.score
    from offers
    inner join offer_scores as scores
        on offers.offer_id = scores.offer_id and offers.objective_task = scores.task
    union all
    select
        offers.offer_id,
        scores.user_id,
        scores.estimator_version,
        scores.score
    from offers
    inner join user_scores as scores on offers.objective_task = scores.task
    union all
    select
        offers.offer_id,
        scores.user_id,
        scores.estimator_version,
        scores.score
    from offers
    inner join category_scores as scores
        on
            offers.objective_task = scores.task
            and offers.eligible_category = scores.category_name
),

responses as (
    select
        offers.offer_id,
        scores.user_id,
        scores.score as response_probability
    from offers
    inner join offer_scores as scores
        on
            offers.offer_id = scores.offer_id
            and scores.task = case
                when offers.discount_kind = 'none'
                    then '{{ response_tasks.without_discount }}'
                else '{{ response_tasks.with_discount }}'
            end
),

-- without a response to go by, the objective may have a score all the same
joined as (
    select
        coalesce(responses.offer_id, objectives.offer_id) as offer_id,
        coalesce(responses.user_id, objectives.user_id) as user_id,
        objectives.estimator_version,
        objectives.score,
        responses.response_probability
    from responses
    full outer join objectives
        on
            responses.offer_id = objectives.offer_id
            and responses.user_id = objectives.user_id
),

placed as (
    select
        joined.offer_id,
        offers.campaign_id,
        joined.user_id,
        joined.estimator_version,
        joined.score,
        joined.response_probability
    from joined
    inner join offers on joined.offer_id = offers.offer_id
)

select * from placed
