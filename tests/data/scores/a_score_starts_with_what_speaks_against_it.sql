-- a score above its baseline, such as a lapse risk of the top decile, starts with a
-- reason that raises it, one below with a reason that lowers it
with

firsts as (
    {% for table in ['user_score_reasons', 'category_score_reasons'] -%}
        select
            '{{ table }}' as table_name,
            task,
            user_id,
            direction,
            ln(
                least(greatest(score, 0.00001), 0.99999)
                / (1 - least(greatest(score, 0.00001), 0.99999))
            ) - baseline_log_odds as moved
        from {{ ref(table) }}
        where reason_rank = 1
        union all
    {% endfor -%}
    select
        'user_amount_reasons' as table_name,
        task,
        user_id,
        direction,
        sum(contribution_amount) over (partition by task, user_id)
        + rest_amount as moved
    from {{ ref('user_amount_reasons') }}
    qualify reason_rank = 1
)

select * from firsts
where abs(moved) > 1e-6 and (moved > 0) <> (direction = 'raises')
