-- one row per rule on exchange rates: lines without one, odd rates, prices far apart
{% set doubts = var('currency_doubts') -%}
{% set is_far = 'greatest(times, 1 / times) > ' ~ doubts.price_times -%}
{% set thresholds = var('doubt_thresholds') -%}
with

rates as (
    select * from {{ ref('int_currency_rates_checked') }}
    where row_status = 'kept'
),

lines_counted as (
    select count(*) as rows_judged from {{ ref('int_transactions_checked') }}
),

{{ unrated_lines() }}

neighbours as (
    select
        *,
        lag(rate) over time_order as rate_before,
        lead(rate) over time_order as rate_after
    from rates
    window time_order as (partition by currency, into_currency order by rate_date)
),

-- a fall of the currency lasts, a slip is gone the next day
spikes as (
    select
        *,
        rate > {{ doubts.rate_times }} * greatest(rate_before, rate_after)
        or rate * {{ doubts.rate_times }} < least(rate_before, rate_after) as is_spike
    from neighbours
    where rate_before is not null and rate_after is not null
),

foreign_products as (
    select distinct product_id from {{ ref('int_transactions_checked') }}
    where row_status = 'kept' and exchange_rate <> 1
),

prices as (
    select
        lines.product_id,
        -- at home the code or none
        case when lines.exchange_rate <> 1 then lines.currency end as currency,
        lines.shop_currency,
        lines.exchange_rate <> 1 as is_foreign,
        count(*) as line_count,
        median(
            coalesce(nullif(lines.unit_price, 0), lines.net_amount / lines.quantity)
            * cast(lines.exchange_rate as double)
        ) as price
    from {{ ref('int_transactions_checked') }} as lines
    semi join foreign_products on lines.product_id = foreign_products.product_id
    where lines.row_status = 'kept' and lines.quantity > 0 and lines.net_amount > 0
    group by
        lines.product_id,
        case when lines.exchange_rate <> 1 then lines.currency end,
        lines.shop_currency,
        lines.exchange_rate <> 1
),

currencies as (
    select
        sold_abroad.currency,
        sold_abroad.shop_currency,
        count(*) as product_count,
        sum(sold_abroad.line_count) as line_count,
        median(sold_abroad.price / sold_at_home.price) as times
    from prices as sold_abroad
    inner join prices as sold_at_home
        on sold_abroad.product_id = sold_at_home.product_id
    where sold_abroad.is_foreign and not sold_at_home.is_foreign
    group by sold_abroad.currency, sold_abroad.shop_currency
    having count(*) >= {{ var('doubt_least_rows') }}
),

united as (
    select
        'transactions' as entity,
        'currency has no rate on its day' as rule,
        lines_counted.rows_judged,
        unrated_counted.rows_met,
        {{ thresholds.no_rate }} as threshold,
        unrated_counted.example
    from lines_counted
    cross join unrated_counted
    union all
    select
        'currency_rates' as entity,
        'rate is far from those before and after' as rule,
        count(*) as rows_judged,
        count_if(is_spike) as rows_met,
        {{ thresholds.odd_rates }} as threshold,
        min(
            {{ place_of_row() }} || currency || ' at ' || rate || ' on ' || rate_date
            || ', ' || rate_before || ' before and ' || rate_after || ' after'
        ) filter (where is_spike) as example
    from spikes
    union all
    select
        'transactions' as entity,
        'prices in another currency are far from those in the shop''s' as rule,
        sum(line_count) as rows_judged,
        sum(case when {{ is_far }} then line_count end) as rows_met,
        {{ thresholds.converted_prices }} as threshold,
        min(
            currency || ': converted prices of ' || product_count || ' products are '
            || round(times, 4) || ' times those in ' || shop_currency
        ) filter (where {{ is_far }}) as example
    from currencies
    {% if not shop('currency') -%}
        union all
        select
            'currency_rates' as entity,
            'rates convert into several currencies, and the shop names none' as rule,
            count(*) as rows_judged,
            case when count(distinct into_currency) > 1 then count(*) else 0 end
                as rows_met,
            {{ thresholds.odd_rates }} as threshold,
            'set currency of shops: to one of '
            || string_agg(distinct into_currency, ', ' order by into_currency)
                as example
        from rates
    {%- endif %}
)

select * from united
