-- one row per row of exchange rates of the source, with its status
{% set columns = ['rate_date', 'currency', 'into_currency', 'rate', 'updated_at'] -%}
{% set key = ['rate_date', 'currency', 'into_currency'] -%}
with

worded as (
    {{ in_known_words(ref('intake_currency_rates'), columns, {
        'currency': {'words': 'currency', 'unknown': 'kept'},
        'into_currency': {'words': 'currency', 'unknown': 'kept'},
    }) }}
),

coded as (
    select
        rate_date,
        rate,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs,
        upper(currency) as currency,
        upper(into_currency) as into_currency
    from worded
),

judged as (
    select
        *,
        read_repairs as repairs_made,
        case
            {{ fault_of(['rate_date', 'currency', 'into_currency', 'rate']) }}
            {{ clock_fault('rate_date') }}
            when rate <= 0 then 'rate is not above 0'
            when currency = into_currency and rate <> 1
                then 'rate of a currency into itself is not 1'
        end as fault
    from coded
),

{{ checked_rows(key, columns) }}
