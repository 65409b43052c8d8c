{#
    Why a product is recommended, in words of a language: en or zh. Reads the columns of
    `described`. How many bought it is told where they are not few.
#}
{% macro recommendation_reason(language) -%}
    {%- set is_told = 'buyer_count_28d >= ' ~ var('minimum_cell_users') -%}
    case
        {% if language == 'zh' -%}
            when bought_day_count > 0 and gap_days is not null
                then concat('共买过', bought_day_count, '天，平均每', greatest(gap_days, 1),
                    '天一次，上次在', days_since_last_bought, '天前')
            when bought_day_count > 0
                then concat('买过一次，在', days_since_last_bought, '天前')
            when because_name is not null
                then concat('购买“', because_name, '”的顾客也常买')
            when category_day_count_91d > 0 and buyer_count_28d > 0
                then concat('您常买的“', category, '”中的热门商品')
            when category_day_count_91d > 0
                then concat('属于您常买的“', category, '”')
            when {{ is_told }} then concat('热门商品：近28天有', buyer_count_28d, '位顾客购买')
            when buyer_count_28d > 0 then '近28天有其他顾客购买'
            else '曾有其他顾客购买'
        {%- else -%}
            when bought_day_count > 0 and gap_days is not null
                then concat('Bought on ', bought_day_count, ' days, every ',
                    case when gap_days > 1 then concat(gap_days, ' days') else 'day' end,
                    ' on average, last ', {{ days_ago_in_words() }})
            when bought_day_count > 0
                then concat('Bought once, ', {{ days_ago_in_words() }})
            when because_name is not null
                then concat('Often bought by customers who buy ', because_name)
            when category_day_count_91d > 0 and buyer_count_28d > 0
                then concat('Popular in ', category, ', which the customer buys')
            when category_day_count_91d > 0
                then concat('Of ', category, ', which the customer buys')
            when {{ is_told }}
                then concat('Popular: ', buyer_count_28d, ' customers bought it in 28 days')
            when buyer_count_28d > 0 then 'Bought by other customers in the last 28 days'
            else 'Bought by other customers before'
        {%- endif %}
    end
{%- endmacro %}

{# How long ago the user last bought the product, in English. #}
{% macro days_ago_in_words() -%}
    days_since_last_bought, case when days_since_last_bought = 1 then ' day ago' else ' days ago' end
{%- endmacro %}
