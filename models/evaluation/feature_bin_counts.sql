-- one row per grain, feature that a champion reads, bin and as-of date
{% set registry = ref('estimator_registry') -%}
{% set tasks = ref('learning_tasks') -%}
{% set panels = {
    'user': {'labels': ref('lbl_user'), 'features': [ref('ftr_user__snapshot')]},
    'user_offer': {
        'labels': ref('lbl_user_offer'),
        'features': [ref('ftr_user_offer__snapshot'), ref('ftr_user__snapshot')],
    },
} -%}
{% set types = {'numbers': 'double', 'texts': 'string'} -%}
{% set parts = [] -%}
{% for grain, panel in panels.items() -%}
    {% set features = champion_features(grain, panel.features, registry, tasks) -%}
    {% for kind, columns in features.items() if columns -%}
        {% do parts.append({'grain': grain, 'kind': kind, 'columns': columns}) -%}
    {% endfor -%}
{% endfor -%}
with

-- what the estimator that the test judged had learnt from: rows known by the first
-- test date, or by the scoring date where there is no test
baselines as (
    {% for grain, panel in panels.items() -%}
        select
            '{{ grain }}' as grain,
            min(train_until_date) as baseline_until_date
        from {{ panel.labels }}
        where split_name in ('test', 'score')
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

{% for part in parts -%}
    {{ part.grain }}_{{ part.kind }}_wide as (
        select
            {% for name, table in part.columns.items() -%}
                cast(features_{{ table }}.{{ name }} as {{ types[part.kind] }})
                    as {{ name }},
            {% endfor -%}
            baselines.grain,
            baselines.baseline_until_date,
            -- rows of the baseline have no date of their own
            case
                when labels.label_end_date > baselines.baseline_until_date
                    then labels.as_of_date
            end as as_of_date
        from {{ panels[part.grain].labels }} as labels
        {% for features in panels[part.grain].features -%}
            {% set table = loop.index -%}
            inner join {{ features }} as features_{{ table }}
                on
                    labels.as_of_date = features_{{ table }}.as_of_date
                    and labels.user_id = features_{{ table }}.user_id
                    {% if part.grain == 'user_offer' and table == 1 -%}
                        and labels.offer_id = features_1.offer_id
                    {% endif -%}
        {% endfor -%}
        inner join baselines on baselines.grain = '{{ part.grain }}'
    ),

    {{ part.grain }}_{{ part.kind }} as (
        select
            grain,
            feature_name,
            feature_value,
            baseline_until_date,
            as_of_date,
            count(*) as row_count
        from {{ part.grain }}_{{ part.kind }}_wide unpivot include nulls (
            feature_value for feature_name in ({{ part.columns | join(', ') }})
        )
        group by grain, feature_name, feature_value, baseline_until_date, as_of_date
    ),

{% endfor -%}
{% for kind, type in types.items() -%}
    {{ kind }} as (
        {% for part in parts if part.kind == kind -%}
            select * from {{ part.grain }}_{{ kind }}
            union all
        {% endfor -%}
        -- no champion: nothing, of the right types
        select
            cast(null as string) as grain,
            cast(null as string) as feature_name,
            cast(null as {{ type }}) as feature_value,
            cast(null as date) as baseline_until_date,
            cast(null as date) as as_of_date,
            cast(null as bigint) as row_count
        where 1 = 0
    ),

{% endfor -%}
ranked as (
    select
        grain,
        feature_name,
        feature_value,
        sum(row_count) over (
            partition by grain, feature_name order by feature_value
        ) as upto,
        sum(row_count) over (partition by grain, feature_name) as total
    from numbers
    where as_of_date is null and feature_value is not null
),

cuts as (
    select
        grain,
        feature_name,
        {{ decile_cuts('feature_value') }}
    from ranked
    group by grain, feature_name
),

binned as (
    select
        numbers.grain,
        numbers.feature_name,
        {{ bin_name('numbers.feature_value') }} as bin_name,
        numbers.baseline_until_date,
        numbers.as_of_date,
        numbers.row_count
    from numbers
    left join cuts
        on
            numbers.grain = cuts.grain
            and numbers.feature_name = cuts.feature_name
    union all
    select * from texts
),

counted as (
    select
        grain,
        feature_name,
        coalesce(bin_name, 'missing') as bin_name,
        cast(sum(row_count) as bigint) as row_count,
        bin_name is null as is_missing,
        baseline_until_date,
        as_of_date
    from binned
    group by grain, feature_name, bin_name, baseline_until_date, as_of_date
)

select * from counted
