-- one row per planned offer and user: why the score is what it is
{# per table of reasons, what it shares with an offer beside the task #}
{% set score_reasons = {
    'offer_score_reasons': 'offers.offer_id = reasons.offer_id',
    'user_score_reasons': none,
    'category_score_reasons': 'offers.eligible_category = reasons.category_name',
} -%}
with

offers as (
    select
        offers.offer_id,
        offers.campaign_id,
        offers.eligible_category,
        campaigns.objective_task
    from {{ ref('plan_offers') }} as offers
    inner join {{ ref('plan_campaigns') }} as campaigns
        on offers.campaign_id = campaigns.campaign_id
),

united as (
    {% for table, shared in score_reasons.items() -%}
        select
            offers.offer_id,
            offers.campaign_id,
            reasons.user_id,
            reasons.reason_text,
            reasons.reason_text_zh,
            reasons.reason_rank,
            reasons.direction = 'raises' as is_raising,
            reasons.reason_group = 'campaign' as is_of_everybody
        from offers
        inner join {{ ref(table) }} as reasons
            on
                offers.objective_task = reasons.task
                {% if shared %}and {{ shared }}{% endif %}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- the campaign's size is equal for all contacts, so it is no reason against one
told as (
    select *
    from united
    qualify
        is_raising
        or not is_of_everybody
        or not {{ dbt.bool_or('is_raising') }} over (partition by offer_id, user_id)
),

-- reasons for a contact come first
ordered as (
    select
        *,
        row_number() over (
            partition by offer_id, user_id
            order by is_raising desc, is_of_everybody asc, reason_rank asc
        ) as sentence_number,
        not is_raising
        and row_number() over (
            partition by offer_id, user_id, is_raising
            order by is_of_everybody asc, reason_rank asc
        ) = 1 as is_turn
    from told
),

turned as (
    select
        offer_id,
        campaign_id,
        user_id,
        sentence_number,
        case
            when not is_turn then reason_text
            else concat(
                case
                    when sentence_number > 1 then 'On the other hand, '
                    else
                        'No reason raises the score; the strongest that lowers it: '
                end,
                lower(substr(reason_text, 1, 1)),
                substr(reason_text, 2)
            )
        end as sentence,
        case
            when not is_turn then reason_text_zh
            else concat(
                case
                    when sentence_number > 1 then '但'
                    else '没有拉高评分的因素，主要的拉低因素：'
                end,
                reason_text_zh
            )
        end as sentence_zh
    from ordered
),

listed as (
    select
        offer_id,
        campaign_id,
        user_id,
        {{ dbt.listagg('sentence', "' '", 'order by sentence_number') }} as reasons,
        {{ dbt.listagg('sentence_zh', "''", 'order by sentence_number') }} as reasons_zh
    from turned
    group by offer_id, campaign_id, user_id
)

select * from listed
