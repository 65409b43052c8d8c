-- one row per review and aspect that it names: what it says of it
{% set aspects = [
    'delivery', 'quality', 'price', 'size', 'service', 'packaging', 'freshness'
] -%}
{% set sure = var('review_reading') -%}
with

readings as (select * from {{ ref('ml_review__readings') }}),
sentiments as (select * from {{ ref('review_sentiment') }}),

named as (
    {% for aspect in aspects -%}
        select
            review_id,
            '{{ aspect }}' as aspect,
            {{ aspect }}_probability as positive_probability
        from readings
        where {{ aspect }}_probability is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

typed as (
    select
        sentiments.review_id,
        sentiments.user_id,
        sentiments.product_id,
        cast(named.aspect as string) as aspect,
        cast(
            case
                when named.positive_probability <= {{ sure.unsure_from }}
                    then 'complaint'
                when named.positive_probability >= {{ sure.unsure_until }}
                    then 'praise'
                else 'unclear'
            end as string
        ) as opinion,
        cast(named.positive_probability as double) as positive_probability,
        sentiments.reviewed_on
    from named
    inner join sentiments on named.review_id = sentiments.review_id
)

select * from typed
