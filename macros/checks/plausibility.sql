{# Where a row of a file is, as an example of a rule begins. #}
{% macro place_of_row() -%}
    coalesce(source_file || ' row ' || source_row || ': ', '')
{%- endmacro %}

{# The order of rows in the files, and by id, as a text: a rule's first row is its example. #}
{% macro order_in_files(id) -%}
    concat(source_file, lpad(cast(coalesce(source_row, 0) as string), 12, '0'), {{ id }})
{%- endmacro %}

{# A word in lower case, in capitals and with one capital, as texts are compared by letter. #}
{% macro spellings(words) -%}
    {%- set found = [] -%}
    {%- for word in words -%}
        {%- for spelling in [word, word | upper, word | capitalize, word | title]
            if spelling not in found -%}
            {%- do found.append(spelling) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
