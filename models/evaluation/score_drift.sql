-- one row per task with a champion and as-of date
with

registry as (
    select * from {{ ref('estimator_registry') }}
    where status = 'champion'
),

predictions as (
    select * from {{ ref('estimator_predictions') }}
    where not is_baseline
),

scores as (
    {% for model in [
        'ml_user__scores', 'ml_user_offer__scores', 'ml_user_category__scores'
    ] -%}
        select
            cast(task as string) as task,
            cast(estimator_name as string) as estimator_name,
            cast(score as double) as score,
            cast(as_of_date as date) as as_of_date
        from {{ ref(model) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- the baseline is the validation: predictions of later rows, as all the others are;
-- those of the rows learnt from are sharper, which is no drift
scored as (
    select
        predictions.task,
        predictions.estimator_name,
        predictions.prediction as score,
        case
            when predictions.split_name = 'validation' then null
            else predictions.as_of_date
        end as as_of_date
    from predictions
    inner join registry
        on
            predictions.task = registry.task
            and predictions.estimator_name = registry.estimator_name
    union all
    select * from scores
),

ranked as (
    select
        task,
        score,
        row_number() over (partition by task order by score) as upto,
        count(*) over (partition by task) as total
    from scored
    where as_of_date is null
),

cuts as (
    select
        task,
        {{ decile_cuts('score') }}
    from ranked
    group by task
),

bin_counts as (
    select
        scored.task,
        scored.estimator_name,
        scored.as_of_date,
        {{ decile_bin('scored.score') }} as bin_number,
        cast(count(*) as double) as row_count
    from scored
    inner join cuts on scored.task = cuts.task
    group by scored.task, scored.estimator_name, scored.as_of_date, bin_number
),

as_of_dates as (
    select distinct
        task,
        estimator_name,
        as_of_date
    from bin_counts
    where as_of_date is not null
),

-- every bin that a score of the baseline or of any later date fell into
bins as (
    select
        task,
        bin_number,
        sum(case when as_of_date is null then row_count else 0 end)
            as baseline_row_count
    from bin_counts
    group by task, bin_number
),

compared as (
    select
        bins.*,
        as_of_dates.estimator_name,
        as_of_dates.as_of_date,
        coalesce(bin_counts.row_count, 0) as row_count
    from bins
    inner join as_of_dates on bins.task = as_of_dates.task
    left join bin_counts
        on
            bins.task = bin_counts.task
            and bins.bin_number = bin_counts.bin_number
            and as_of_dates.as_of_date = bin_counts.as_of_date
),

totalled as (
    select
        *,
        sum(row_count) over (partition by task, as_of_date) as total,
        sum(baseline_row_count) over (partition by task, as_of_date) as baseline_total
    from compared
),

summed as (
    select
        task,
        estimator_name,
        as_of_date,
        max(total) as row_count,
        max(baseline_total) as baseline_row_count,
        count(*) as bin_count,
        -- sums of doubles differ in the last bits from run to run: rounded away
        round(sum({{ stability_term() }}), 12) as stability_index
    from totalled
    where row_count + baseline_row_count > 0
    group by task, estimator_name, as_of_date
),

judged as (
    select
        task,
        estimator_name,
        {{ drift_verdict('stability_index', '0') }} as verdict,
        cast(row_count as bigint) as row_count,
        cast(baseline_row_count as bigint) as baseline_row_count,
        stability_index,
        {{ stability_by_chance() }} as stability_index_by_chance,
        as_of_date
    from summed
)

select * from judged
