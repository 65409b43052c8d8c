-- one row per row of the shop's files of exchange rates
{% set columns = contract_columns('currency_rates') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'currency_rates'), columns) }}
),

{{ read_rows(columns) }}
