{#
    CTEs that say what lines' currencies are worth. `currencies`: one row per currency as
    lines write it (CTE `source_rows`), with its code; `shop_currency`: the setting of the
    shop, else what rates convert into, else what most lines name; `daily_rates`: one row
    per currency and day on which a rate holds, into the shop's currency.
#}
{% macro currency_steps() -%}
rates as (
    select
        *,
        lead(rate_date) over (
            partition by currency, into_currency order by rate_date
        ) as next_date
    from {{ ref('int_currency_rates_checked') }}
    where row_status = 'kept'
),

currencies_written as (
    select
        currency as written,
        count(*) as line_count
    from source_rows
    where currency is not null
    group by currency
),

currencies as (
    select
        currencies_written.*,
        upper(coalesce(words.meaning, currencies_written.written)) as code
    from currencies_written
    left join {{ ref('word_synonyms') }} as words
        on
            words.word_list = 'currency'
            and {{ word_key('currencies_written.written') }} = words.word
),

shop_currency as (
    {% if shop('currency') -%}
    select '{{ shop('currency') | upper }}' as code
    {%- else -%}
    select code from (
        select code, line_count, 0 as is_target from currencies
        union all
        select into_currency as code, 0 as line_count, 1 as is_target from rates
    ) as named
    group by code
    order by max(is_target) desc, sum(line_count) desc, code asc
    limit 1
    {%- endif %}
),

days_of_rates as ({{ dbt.generate_series(var('currency_rate_days') + 1) }}),

daily_rates as (
    select
        rates.currency,
        rates.rate,
        {{ days_after('rates.rate_date', 'days_of_rates.generated_number - 1') }} as rate_day
    from rates
    inner join shop_currency on rates.into_currency = shop_currency.code
    inner join days_of_rates
        on
            rates.next_date is null
            or {{ days_after('rates.rate_date', 'days_of_rates.generated_number - 1') }}
            < rates.next_date
),
{%- endmacro %}

{#
    CTEs that count the lines without a rate (CTE `rates`): `unrated_counted` has one row,
    with the first line and the last rate before it as an example.
#}
{% macro unrated_lines() -%}
unrated as (
    select
        *,
        cast({{ local_timestamp('ordered_at') }} as date) as order_date
    from {{ ref('int_transactions_checked') }}
    where status_reason = 'currency has no rate on its day'
),

last_rates as (
    select
        unrated.currency,
        unrated.order_date,
        max(case when unrated.currency = rates.currency then rates.rate_date end)
            as last_rate_date
    from unrated
    inner join rates
        on
            unrated.order_date >= rates.rate_date
            and unrated.currency in (rates.currency, rates.into_currency)
            and unrated.shop_currency in (rates.currency, rates.into_currency)
    group by unrated.currency, unrated.order_date
),

unrated_counted as (
    select
        count(*) as rows_met,
        min_by(
            {{ place_of_row() }} || unrated.currency || ' on ' || unrated.order_date
            || case
                when last_rates.currency is null then ', none before of it into '
                when last_rates.last_rate_date is null then ', only its reverse into '
                else ', the last of ' || last_rates.last_rate_date || ' into '
            end || unrated.shop_currency,
            {{ order_in_files('unrated.transaction_id') }}
        ) as example
    from unrated
    left join last_rates
        on
            unrated.currency = last_rates.currency
            and unrated.order_date = last_rates.order_date
),
{%- endmacro %}

{#
    An amount in the shop's currency. Parts of one whole are rounded so that they add up to
    it: each is what the sum grows by. `exchange_rate` is a column of the lines.
#}
{% macro converted(amount, window) -%}
    cast(
        round(sum({{ amount }}) over {{ window }} * exchange_rate, 2)
        - round((sum({{ amount }}) over {{ window }} - {{ amount }}) * exchange_rate, 2)
        as decimal(18, 2)
    )
{%- endmacro %}

{#
    Money back (CTE `undone`, as it was paid) at the rate of the sale that it undoes, so that
    what is undone in full nets to nothing, whatever rates did since; else at its own.
#}
{% macro refunds_at_rate_of_sale() -%}
dated as (
    select
        undone.*,
        cast(undone.returned_amount as decimal(18, 2)) as original_amount,
        lines.order_id,
        lines.order_date,
        lines.net_amount as sold_amount,
        lines.original_net_amount as sold_original_amount,
        lines.exchange_rate as sold_rate,
        coalesce(
            case
                when lines.original_currency = undone.original_currency
                    then lines.exchange_rate
            end,
            undone.exchange_rate
        ) as rate,
        sum(cast(undone.returned_amount as decimal(18, 2))) over (
            partition by undone.transaction_id, undone.original_currency
            order by undone.returned_at, undone.return_id, undone.part_number
            rows between unbounded preceding and current row
        ) as returned_until
    from undone
    left join lines on undone.transaction_id = lines.transaction_id
),

rated as (
    select
        *,
        coalesce(rate <> 1 or exchange_rate <> 1, false) as is_converted,
        case
            when coalesce(rate = 1, true) then original_amount
            -- of no known sale
            when order_id is null then round(original_amount * rate, 2)
            else greatest(
                {{ worth_of('returned_until') }}
                - {{ worth_of('returned_until - original_amount') }}, 0
            )
        end as converted_amount
    from dated
),
{%- endmacro %}

{% macro worth_of(amount) -%}
    case
        when {{ amount }} = sold_original_amount and rate = sold_rate then sold_amount
        else round(({{ amount }}) * rate, 2)
    end
{%- endmacro %}
