{#
    Makes the folder, and those above it. SQL has no mkdir, but a partitioned copy
    makes its folder, and without rows nothing else.
#}
{% macro make_folder(folder) -%}
    {%- set parts = folder.rstrip('/').split('/') -%}
    {%- for count in range(1, 1 + parts | length) if parts[:count] | join('/') -%}
        {%- do run_query(
            "copy (select 1 as one, 1 as two where false) to '"
            ~ parts[:count] | join('/')
            ~ "' (format parquet, partition_by (one), overwrite_or_ignore)"
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{# A text as SQL writes it. #}
{% macro text_literal(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}
