{#
    A draw from [0, 1) that depends on nothing but the seed, what it is for and its
    keys: the same whatever the number of threads or the order of the rows. Two hashes,
    because one alone makes the draws of two purposes of a key depend on each other.
#}
{% macro uniform(demo, purpose, keys) -%}
    ((hash(hash('{{ demo.seed }} {{ purpose }}', {{ keys | join(', ') }})) >> 11)
        * 1.1102230246251565e-16)
{%- endmacro %}

{# A draw from the standard normal distribution (Box and Muller). #}
{% macro normal(demo, purpose, keys) -%}
    (sqrt(-2 * ln(1 - {{ uniform(demo, purpose ~ ' radius', keys) }}))
        * cos(2 * pi() * {{ uniform(demo, purpose ~ ' angle', keys) }}))
{%- endmacro %}

{# A whole number from 0 to `count` - 1. #}
{% macro draw_number(demo, purpose, keys, count) -%}
    cast(floor({{ uniform(demo, purpose, keys) }} * {{ count }}) as integer)
{%- endmacro %}

{# One of the words of a Jinja list. #}
{% macro draw_word(demo, purpose, keys, words) -%}
    ({{ text_list(words) }})[
        1 + {{ draw_number(demo, purpose, keys, words | length) }}
    ]
{%- endmacro %}

{# Days until something that happens each day with chance `daily_chance`; 1 or more. #}
{% macro draw_waiting_days(demo, purpose, keys, daily_chance) -%}
    (1 + cast(least(100000, floor(
        ln(1 - {{ uniform(demo, purpose, keys) }}) / ln(1 - {{ daily_chance }})
    )) as integer))
{%- endmacro %}

{# A Jinja list of words as a SQL list. #}
{% macro text_list(words) -%}
    [{% for word in words -%}
        '{{ word | replace("'", "''") }}'{{ ', ' if not loop.last }}
    {%- endfor %}]
{%- endmacro %}

{# Whole cents as money. Decimals this narrow stay in 64 bits, which is what is fast. #}
{% macro money(cents) -%}
    cast(cast({{ cents }} as decimal(15, 0)) * 0.01 as decimal(18, 2))
{%- endmacro %}

{# The instant so many seconds after another. #}
{% macro seconds_after(instant, seconds) -%}
    ({{ instant }} + to_seconds(cast({{ seconds }} as bigint)))
{%- endmacro %}

{# The rank of a product in its category: low ranks sell most. #}
{% macro product_rank(demo, draw) -%}
    cast(floor({{ demo.products_per_category }} * pow({{ draw }}, 1.8)) as integer)
{%- endmacro %}

{#
    Chance of no own order in `days` days. A user awake at the start of a day orders
    with chance `p` and falls asleep at its end with chance `hazard`; a sleeping one
    wakes at its end with chance `waking`. The two-state chain has a closed form by its
    eigenvalues. `p` is the mean over the days, so festivals in the window are averaged.
#}
{% macro no_order_probability(is_awake, p, hazard, waking, days) -%}
    {%- set a -%} (1 - {{ p }}) * (1 - {{ hazard }}) {%- endset -%}
    {%- set d -%} (1 - {{ waking }}) {%- endset -%}
    {%- set root -%}
    sqrt(pow({{ a }} - {{ d }}, 2) + 4 * {{ waking }} * (1 - {{ p }}) * {{ hazard }})
    {%- endset -%}
    {%- set high -%} (({{ a }} + {{ d }} + {{ root }}) / 2) {%- endset -%}
    {%- set low -%} (({{ a }} + {{ d }} - {{ root }}) / 2) {%- endset -%}
    {%- set first_day -%}
    (case when {{ is_awake }} then 1 - {{ p }} else 1 end)
    {%- endset -%}
    ((
        pow({{ high }}, {{ days }}) * ({{ first_day }} - {{ low }})
        - pow({{ low }}, {{ days }}) * ({{ first_day }} - {{ high }})
    ) / {{ root }})
{%- endmacro %}
