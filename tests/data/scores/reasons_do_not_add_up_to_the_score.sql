-- probabilities in log-odds (closer to 0 or 1 than 1e-5 they count as that close),
-- amounts in money, before they are rounded to cents
with

amounts as (select * from {{ ref('ml_user__scores') }}),

explained as (
    {% for mart, score, keys in [
        ('user_score_reasons', 'score', []),
        ('offer_score_reasons', 'score_at_contact', ['offer_id']),
        ('category_score_reasons', 'score', ['category_name']),
    ] -%}
        select
            task,
            {% for key in ['offer_id', 'category_name'] -%}
                {{ key if key in keys else "''" }} as {{ key }},
            {% endfor -%}
            user_id,
            {{ score }} as score,
            contribution_log_odds as contribution,
            rest_log_odds + baseline_log_odds as other,
            true as is_log_odds
        from {{ ref(mart) }}
        union all
    {% endfor -%}
    select
        reasons.task,
        '' as offer_id,
        '' as category_name,
        reasons.user_id,
        amounts.score,
        reasons.contribution_amount as contribution,
        reasons.rest_amount + reasons.baseline_amount as other,
        false as is_log_odds
    from {{ ref('user_amount_reasons') }} as reasons
    left join amounts
        on reasons.task = amounts.task and reasons.user_id = amounts.user_id
),

added as (
    select
        task,
        offer_id,
        category_name,
        user_id,
        is_log_odds,
        max(score) as score,
        least(greatest(max(score), 0.00001), 1 - 0.00001) as chance,
        sum(contribution) + max(other) as total
    from explained
    group by task, offer_id, category_name, user_id, is_log_odds
)

select * from added
where
    not coalesce(
        abs(
            total
            - case when is_log_odds then ln(chance / (1 - chance)) else score end
        ) <= 1e-6,
        false
    )
