{#
    Writes the raw files of a made-up shop, one Parquet file per table of the contract,
    and the truth behind them into the schema `truth`. The same arguments give the same
    rows, whatever the number of threads.

        dbt run-operation make_demo_shop --args '{users: 3000, days: 540, seed: 1}'

    A shop that grows, as in tests/simulation, is made anew with more `days` of the same
    `horizon_days`, which the last date ends: what happened stays as it was. From day
    `history_days` on its campaigns are those of the folder `plan`: campaigns.parquet
    says what is offered when, contacts.parquet who is in which arm.
#}
{% macro make_demo_shop(
    users=none, days=none, seed=none, folder=none, horizon_days=none,
    history_days=none, plan=none
) -%}
    {%- set demo = demo_shop_settings(users, days, seed, folder, kwargs, {
        'horizon_days': horizon_days, 'history_days': history_days, 'plan': plan,
    }) -%}
    {%- if execute -%}
        {%- set started_at = modules.datetime.datetime.now() -%}
        {#- joins as they are written, the small table last: the planner, which cannot
            guess how many lines an order has, else holds the lines in memory -#}
        {%- do run_query(
            "set disabled_optimizers = 'join_order,build_side_probe_side'"
        ) -%}
        {#- in the order in which they read each other -#}
        {%- for name, query in [
            ('buying_days', demo_shop__buying_days),
            ('persons', demo_shop__persons),
            ('spells', demo_shop__spells),
            ('assortment', demo_shop__assortment),
            ('stock', demo_shop__stock),
            ('deals', demo_shop__deals),
            ('shelf', demo_shop__shelf),
            ('campaign_plan', demo_shop__campaign_plan),
            ('coupon_plan', demo_shop__coupon_plan),
            ('responses', demo_shop__responses),
            ('visits', demo_shop__visits),
        ] -%}
            {%- do demo_shop_step(
                'worked', name,
                'create or replace temp table demo_shop_' ~ name ~ ' as '
                ~ query(demo)
            ) -%}
        {%- endfor -%}

        {%- do make_folder(demo.folder) -%}
        {%- set row_counts = {} -%}
        {%- for name, query in [
            ('users', demo_shop__users),
            ('products', demo_shop__products),
            ('transactions', demo_shop__transactions),
            ('events', demo_shop__events),
            ('stock_levels', demo_shop__stock_levels),
            ('reviews', demo_shop__reviews),
            ('campaigns', demo_shop__campaigns),
            ('campaign_contacts', demo_shop__campaign_contacts),
            ('coupons', demo_shop__coupons),
            ('coupon_redemptions', demo_shop__coupon_redemptions),
            ('promotions', demo_shop__promotions),
        ] -%}
            {%- set rows = demo_shop_step(
                'wrote', name,
                'copy (' ~ query(demo) ~ ") to '" ~ demo.folder ~ '/' ~ name
                ~ ".parquet' (format parquet, compression snappy)"
            ) -%}
            {%- do row_counts.update({name: rows}) -%}
        {%- endfor -%}

        {%- do run_query('create schema if not exists truth') -%}
        {%- for name, query in [
            ('users', demo_shop_truth__users),
            ('lapse_probabilities', demo_shop_truth__lapse_probabilities),
            ('offer_effects', demo_shop_truth__offer_effects),
            ('elasticities', demo_shop_truth__elasticities),
            ('fraudulent_orders', demo_shop_truth__fraudulent_orders),
            ('guest_orders', demo_shop_truth__guest_orders),
        ] + ([('offer_values', demo_shop_truth__offer_values)] if demo.has_plan else [])
        -%}
            {%- do demo_shop_step(
                'truth', name,
                'create or replace table truth.' ~ name ~ ' as ' ~ query(demo)
            ) -%}
        {%- endfor -%}
        {%- do demo_shop_step(
            'truth', 'parameters',
            'create or replace table truth.parameters as '
            ~ demo_shop_truth__parameters(demo, row_counts)
        ) -%}

        {%- do run_query("set disabled_optimizers = ''") -%}
        {%- set seconds
            = (modules.datetime.datetime.now() - started_at).total_seconds() -%}
        {%- do log(
            'Made the shop of ' ~ '{:,}'.format(demo.users) ~ ' users over '
            ~ demo.days ~ ' days, seed ' ~ demo.seed ~ ': '
            ~ '{:,}'.format(row_counts.values() | sum) ~ ' rows in '
            ~ '%.1f' % seconds ~ ' s, in ' ~ demo.folder,
            info=true
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# Where the raw files lie. #}
{% macro demo_shop_folder() -%}
    {{ return(env_var('DEMO_SHOP_DIR', 'demo_shop')) }}
{%- endmacro %}

{# Runs one statement, says how many rows in how many seconds, returns the rows. #}
{% macro demo_shop_step(verb, name, statement) -%}
    {%- set started_at = modules.datetime.datetime.now() -%}
    {%- set rows = run_query(statement).rows[0][0] | int -%}
    {%- set seconds = (modules.datetime.datetime.now() - started_at).total_seconds() -%}
    {%- do log(
        '%-7s %-20s %13s rows %7.1f s' % (verb, name, '{:,}'.format(rows), seconds),
        info=true
    ) -%}
    {{ return(rows) }}
{%- endmacro %}
