-- one row per grain, feature that a champion reads and as-of date
with

bin_counts as (
    select * from {{ ref('feature_bin_counts') }}
),

as_of_dates as (
    select distinct
        grain,
        as_of_date
    from bin_counts
    where as_of_date is not null
),

-- every bin that a row of the baseline or of any later date fell into
bins as (
    select
        grain,
        feature_name,
        bin_name,
        is_missing,
        max(baseline_until_date) as baseline_until_date,
        sum(case when as_of_date is null then row_count else 0 end)
            as baseline_row_count
    from bin_counts
    group by grain, feature_name, bin_name, is_missing
),

compared as (
    select
        bins.grain,
        bins.feature_name,
        bins.bin_name,
        bins.is_missing,
        bins.baseline_until_date,
        cast(coalesce(bin_counts.row_count, 0) as double) as row_count,
        cast(bins.baseline_row_count as double) as baseline_row_count,
        as_of_dates.as_of_date
    from bins
    inner join as_of_dates on bins.grain = as_of_dates.grain
    left join bin_counts
        on
            bins.grain = bin_counts.grain
            and bins.feature_name = bin_counts.feature_name
            and bins.bin_name = bin_counts.bin_name
            and bins.is_missing = bin_counts.is_missing
            and as_of_dates.as_of_date = bin_counts.as_of_date
),

totalled as (
    select
        *,
        sum(row_count) over (partition by grain, feature_name, as_of_date) as total,
        sum(baseline_row_count) over (
            partition by grain, feature_name, as_of_date
        ) as baseline_total
    from compared
),

summed as (
    select
        grain,
        feature_name,
        as_of_date,
        max(baseline_until_date) as baseline_until_date,
        max(total) as row_count,
        max(baseline_total) as baseline_row_count,
        count(*) as bin_count,
        -- sums of doubles differ in the last bits from run to run: rounded away
        round(sum({{ stability_term() }}), 12) as stability_index,
        sum(case when is_missing then row_count else 0 end) / max(total)
            as missing_share,
        sum(case when is_missing then baseline_row_count else 0 end)
        / max(baseline_total) as baseline_missing_share
    from totalled
    where total > 0 and baseline_total > 0 and row_count + baseline_row_count > 0
    group by grain, feature_name, as_of_date
),

judged as (
    select
        grain,
        feature_name,
        {{ drift_verdict('stability_index', 'missing_share - baseline_missing_share') }}
            as verdict,
        cast(row_count as bigint) as row_count,
        cast(baseline_row_count as bigint) as baseline_row_count,
        cast(bin_count as bigint) as bin_count,
        stability_index,
        {{ stability_by_chance() }} as stability_index_by_chance,
        missing_share,
        baseline_missing_share,
        baseline_until_date,
        as_of_date
    from summed
)

select * from judged
