{# A review's text of one tone and language: an opening, a body and an end. #}
{% macro review_text(demo, language, tone) -%}
    {%- for part in demo.words.review[language][tone] -%}
    {{ draw_word(demo, 'review part ' ~ loop.index, ['transaction_id'], part) }}
    {{- ' || ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#
    One row per review, as the contract names them: of one line in fifteen that arrived.
    The rating follows the product's quality and whether it was sent back, the words
    follow the rating. One in seven says nothing.
#}
{% macro demo_shop__reviews(demo) -%}
    {%- set key = ['transaction_id'] -%}
    with

    bought as (
        select
            transactions.transaction_id,
            transactions.user_id,
            transactions.product_id,
            {{ seconds_after(
                'transactions.updated_at',
                '3600 * (6 + 400 * '
                ~ uniform(demo, 'review hours', ['transactions.transaction_id']) ~ ')'
            ) }} as reviewed_at,
            transactions.order_status = 'returned' as is_returned
        from read_parquet('{{ demo.folder }}/transactions.parquet') as transactions
        where
            transactions.order_status in ('completed', 'returned')
            and transactions.user_id is not null
            and {{ uniform(demo, 'reviews', ['transactions.transaction_id']) }} < 0.067
    ),

    rated as (
        select
            bought.*,
            persons.city_number < 6 as is_chinese,
            cast(greatest(1, least(5, round(
                2.6 + 2.6 * assortment.quality
                - case when bought.is_returned then 2.2 else 0 end
                + 0.9 * {{ normal(demo, 'rating', ['bought.transaction_id']) }}
            ))) as integer) as rating
        from bought
        inner join demo_shop_assortment as assortment
            on bought.product_id = assortment.product_id
        inner join demo_shop_persons as persons on bought.user_id = persons.user_id
        where
            assortment.product_kind = 'goods'
            and bought.reviewed_at < {{ demo.end_instant }}
    ),

    toned as (
        select
            *,
            case
                -- some write in the other language
                when is_chinese = ({{ uniform(demo, 'language', key) }} < 0.92)
                    then 'zh'
                else 'en'
            end as language,
            case
                when {{ uniform(demo, 'silent', key) }} < 0.14 then 'none'
                -- a few words do not fit their stars
                when rating = 3 or {{ uniform(demo, 'tone', key) }} < 0.06
                    then 'middling'
                when rating < 3 then 'bad'
                else 'good'
            end as tone
        from rated
    )

    select
        'V' || substr(transaction_id, 2) as review_id,
        user_id,
        product_id,
        case
            {% for language in demo.words.review -%}
            {% for tone in demo.words.review[language] -%}
            when language = '{{ language }}' and tone = '{{ tone }}'
                then {{ review_text(demo, language, tone) }}
            {% endfor -%}
            {% endfor -%}
        end as review_text,
        language,
        rating,
        reviewed_at
    from toned
{%- endmacro %}
