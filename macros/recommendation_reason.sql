{# Why a product is recommended, in words of a language: en or zh. Reads the columns of `described`. #}
{% macro recommendation_reason(language) -%}
    case
        {% if language == 'zh' -%}
            when bought_day_count > 0 and gap_days is not null
                then concat('共买过', bought_day_count, '天，平均每', greatest(gap_days, 1),
                    '天一次，上次在', days_since_last_bought, '天前')
            when bought_day_count > 0
                then concat('买过一次，在', days_since_last_bought, '天前')
            when because_name is not null
                then concat('购买“', because_name, '”的顾客也常买')
            when category_day_count_91d > 0
                then concat('您常买的“', category, '”中的热门商品')
            else concat('热门商品：近28天有', buyer_count_28d, '位顾客购买')
        {%- else -%}
            when bought_day_count > 0 and gap_days is not null
                then concat('Bought on ', bought_day_count, ' days, every ',
                    greatest(gap_days, 1), ' days on average, last ',
                    days_since_last_bought, ' days ago')
            when bought_day_count > 0
                then concat('Bought once, ', days_since_last_bought, ' days ago')
            when because_name is not null
                then concat('Often bought by customers who buy ', because_name)
            when category_day_count_91d > 0
                then concat('Popular in ', category, ', which the customer buys')
            else concat('Popular: ', buyer_count_28d, ' customers bought it in 28 days')
        {%- endif %}
    end
{%- endmacro %}
