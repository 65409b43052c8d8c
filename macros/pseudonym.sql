{#
    A user's name outside the vault: the first 128 bits of HMAC-SHA-256 (RFC 2104)
    of the source's id, as 32 hexadecimal digits. The two padded keys are session variables
    that profiles/connection.py sets, so the key stands in no SQL, log or target file.
#}
{% macro pseudonym(user_id, key='pseudonym') -%}
    {{ return(adapter.dispatch('pseudonym')(user_id, key)) }}
{%- endmacro %}

{% macro default__pseudonym(user_id, key) -%}
    left(sha256(
        {{ secret(key ~ '_outer_key') }}
        || unhex(sha256({{ secret(key ~ '_inner_key') }} || encode({{ user_id }})))
    ), 32)
{%- endmacro %}

{# Outside dbt such a view fails; otherwise all users would get one pseudonym. #}
{% macro secret(name) -%}
    coalesce(getvariable('{{ name }}'), error('{{ name }} is known to dbt only'))
{%- endmacro %}
