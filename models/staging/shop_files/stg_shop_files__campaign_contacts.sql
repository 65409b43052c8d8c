-- one row per row of the shop's files of campaign_contacts
{% set columns = contract_columns('campaign_contacts') -%}
{% set given = columns_in_files(source('shop_files', 'campaign_contacts'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'campaign_contacts'), columns) }}
),

{{ read_rows(columns, given) }}
