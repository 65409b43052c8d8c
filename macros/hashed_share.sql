{#
    Whether a customer falls into a share (0 to below 1) by a salted hash: a permanent
    answer, whatever else the data holds. The first 32 bits of MD5 as 8
    hexadecimal digits, compared as text; `in_hashed_share` of Python agrees.
#}
{% macro is_in_hashed_share(column, salt, share) -%}
    substr(md5(concat('{{ salt }}', ':', {{ column }})), 1, 8)
    < '{{ "%08x" | format((share * 4294967296) | int) }}'
{%- endmacro %}

{#
    Query of the users of a relation, one row each: whether estimators learn from the user
    and are judged on them. At most as many as var learning_users_max has for a grain are
    drawn by a salted hash of their first order, all of them where there are not more.
#}
{% macro drawn_users(users, grain) -%}
    select
        user_id,
        row_number() over (
            order by md5(concat('learning', ':', first_order_id)), first_order_id
        ) <= {{ var('learning_users_max')[grain] }} as is_drawn
    from (select distinct user_id, first_order_id from {{ users }}) as first_orders
{%- endmacro %}
