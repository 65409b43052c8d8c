-- in either language: it starts and ends as one, and has no sign left to decode
with

texts as (
    {% for table in [
        'user_score_reasons', 'offer_score_reasons', 'category_score_reasons',
        'user_amount_reasons',
    ] -%}
        select distinct
            '{{ table }}' as table_name,
            reason_text as english,
            reason_text_zh as chinese
        from {{ ref(table) }}
        union all
    {% endfor -%}
    select distinct
        'dec_decisions' as table_name,
        reasons as english,
        reasons_zh as chinese
    from {{ ref('dec_decisions') }}
    where reasons <> '' or decision = 'contact'
)

select * from texts
where
    not coalesce(
        english like '%.'
        and substr(english, 1, 1) = upper(substr(english, 1, 1))
        and chinese like '%。'
        and english not like '%raises:%'
        and english not like '%lowers:%',
        false
    )
