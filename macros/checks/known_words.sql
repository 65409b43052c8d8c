{#
    Words of closed lists, such as a status: what other shops and languages call them (seed
    word_synonyms) becomes the contract's word, counted as a repair. `lists` says for each
    column what becomes of a word that the seed lacks: refused (the row is), emptied, kept.
#}
{% macro in_known_words(relation, columns, lists) -%}
    select
        {% for column in columns if column not in lists -%}
        source_rows.{{ column }},
        {% endfor -%}
        {% for column, rule in lists.items() -%}
        {% if rule.unknown == 'emptied' -%}
        {{ column }}_words.meaning as {{ column }},
        {% else -%}
        coalesce({{ column }}_words.meaning, source_rows.{{ column }}) as {{ column }},
        {% endif -%}
        {% endfor -%}
        source_rows.source_file,
        source_rows.source_row,
        coalesce(
            source_rows.read_fault
            {%- for column, rule in lists.items() if rule.unknown == 'refused' %},
            case
                when {{ is_unknown_word(column) }}
                    then concat('{{ column }} is unknown: ', {{ shown_word(column) }})
            end
            {%- endfor %}
        ) as read_fault,
        nullif(concat_ws('; ', source_rows.read_repairs
            {%- for column, rule in lists.items() %},
            case
                {% if rule.unknown == 'emptied' -%}
                when {{ is_unknown_word(column) }}
                    then concat(
                        '{{ column }} is unknown, emptied: ', {{ shown_word(column) }}
                    )
                {% endif -%}
                when {{ column }}_words.meaning <> source_rows.{{ column }}
                    then concat(
                        '{{ column }} ', source_rows.{{ column }}, ' was read as ',
                        {{ column }}_words.meaning
                    )
            end
            {%- endfor %}
        ), '') as read_repairs
    from {{ relation }} as source_rows
    {% for column, rule in lists.items() -%}
    left join {{ ref('word_synonyms') }} as {{ column }}_words
        on
            {{ column }}_words.word_list = '{{ rule.words }}'
            and {{ word_key('source_rows.' ~ column) }} = {{ column }}_words.word
    {% endfor -%}
{%- endmacro %}

{% macro is_unknown_word(column) -%}
    source_rows.{{ column }} is not null and {{ column }}_words.word is null
{%- endmacro %}

{# A word as the seed has it: small letters without accents, one _ for blanks and hyphens. #}
{% macro word_key(word) -%}
    regexp_replace(strip_accents(lower({{ word }})), '[\s_-]+', '_', 'g')
{%- endmacro %}

{# An unknown word as a message may show it: what is long, or has an @ or digits, may be data. #}
{% macro shown_word(column) -%}
    case
        when regexp_full_match(source_rows.{{ column }}, '[^@0-9;]{1,30}')
            then source_rows.{{ column }}
        else '(not shown)'
    end
{%- endmacro %}
