-- one row per group of products, and whether their promotions are known: the method
with

-- censored weeks are unknown
judged as (
    select * from {{ ref('dem_predictions') }}
    where split_name = 'validation' and units is not null
),

errors as (
    {% for method in demand_methods() -%}
        select
            product_group,
            '{{ method }}' as method_name,
            {{ loop.index }} as method_rank,
            {{ 'true' if method in demand_methods(reads_plan=true) else 'false' }}
                as reads_plan,
            {{ exact_sum('abs(units - ' ~ method ~ ')') }}
            / nullif(sum(case when {{ method }} is not null then units end), 0) as wape
        from judged
        group by product_group
        -- a season that few products have been through proves little
        having count({{ method }}) >= 0.9 * count(*)
        {{ 'union all' if not loop.last }}
    {% endfor -%}
),

cases as (
    {% for group in var('demand_groups') -%}
        {% for is_known in ('true', 'false') -%}
            select
                '{{ group }}' as product_group,
                {{ is_known }} as is_plan_known
            {{ 'union all' if not loop.last }}
        {% endfor -%}
        {{ 'union all' if not loop.last }}
    {% endfor -%}
),

-- methods that know less go first: another has to be better
ranked as (
    select
        cases.product_group,
        cases.is_plan_known,
        errors.method_name,
        errors.wape,
        row_number() over (
            partition by cases.product_group, cases.is_plan_known
            order by errors.wape nulls last, errors.method_rank
        ) as method_rank
    from cases
    left join errors
        on
            cases.product_group = errors.product_group
            and (cases.is_plan_known or not errors.reads_plan)
            and errors.wape is not null
),

-- without a past to judge by, a plain mean
chosen as (
    select
        product_group,
        is_plan_known,
        coalesce(method_name, 'mean_8') as method_name,
        wape as validation_wape
    from ranked
    where method_rank = 1
)

select * from chosen
