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
    Whether a user is among the first so many by a salted hash, of the rows of a query with
    one row per user: all of them where there are not more.
#}
{% macro is_among_drawn(column, salt, most) -%}
    row_number() over (
        order by md5(concat('{{ salt }}', ':', {{ column }})), {{ column }}
    ) <= {{ most }}
{%- endmacro %}
