-- one row per user feature that a champion reads, earlier period and as-of date
with

bin_counts as (select * from {{ ref('feature_bin_counts') }}),

as_of_dates as (
    select distinct as_of_date
    from bin_counts
    where period = 'now'
),

-- each date with its two references: the baseline and last year
compared as (
    select
        bin_counts.feature_name,
        bin_counts.period,
        bin_counts.bin_name,
        bin_counts.is_missing,
        bin_counts.history_days,
        as_of_dates.as_of_date,
        cast(bin_counts.row_count as double) as row_count,
        sum(bin_counts.row_count) over (
            partition by
                bin_counts.feature_name, bin_counts.period, bin_counts.history_days,
                as_of_dates.as_of_date
        ) as history_row_count
    from bin_counts
    inner join as_of_dates
        on
            coalesce(bin_counts.as_of_date, as_of_dates.as_of_date)
            = as_of_dates.as_of_date
),

histories as (
    select distinct
        feature_name,
        period,
        history_days,
        history_row_count,
        as_of_date
    from compared
),

-- users of equal history; earlier ones are weighted to the present mix
paired as (
    select
        later.feature_name,
        earlier.period as earlier_period,
        later.history_days,
        later.as_of_date,
        later.history_row_count as row_count,
        later.history_row_count / cast(earlier.history_row_count as double) as weight
    from histories as later
    inner join histories as earlier
        on
            later.feature_name = earlier.feature_name
            and later.history_days = earlier.history_days
            and later.as_of_date = earlier.as_of_date
    where
        later.period = 'now'
        and earlier.period <> 'now'
        and later.history_row_count
        <= earlier.history_row_count * {{ var('drift_most_weight') }}
),

-- weighted rows vary like fewer rows of equal weight
totals as (
    select
        feature_name,
        earlier_period,
        as_of_date,
        cast(sum(row_count) as double) as total,
        power(sum(row_count), 2) / sum(row_count * weight) as earlier_total
    from paired
    group by feature_name, earlier_period, as_of_date
),

bins as (
    select
        compared.feature_name,
        paired.earlier_period,
        compared.bin_name,
        compared.is_missing,
        compared.as_of_date,
        sum(case when compared.period = 'now' then compared.row_count else 0 end)
            as row_count,
        sum(
            case
                when compared.period <> 'now' then compared.row_count * paired.weight
                else 0
            end
        ) as expected_row_count
    from compared
    inner join paired
        on
            compared.feature_name = paired.feature_name
            and compared.period in ('now', paired.earlier_period)
            and compared.history_days = paired.history_days
            and compared.as_of_date = paired.as_of_date
    group by
        compared.feature_name, paired.earlier_period, compared.bin_name,
        compared.is_missing, compared.as_of_date
),

-- sums of doubles differ in the last bits from run to run: rounded away
measured as (
    select
        bins.feature_name,
        bins.earlier_period,
        cast(max(totals.total) as bigint) as row_count,
        round(max(totals.earlier_total), 6) as earlier_row_count,
        cast(count(*) as bigint) as bin_count,
        round(
            sum(
                {{ stability_term(
                    'bins.row_count', 'bins.expected_row_count', 'totals.total',
                    'totals.earlier_total'
                ) }}
            ), 9
        ) as stability_index,
        round(
            (count(*) - 1)
            * (1 / max(totals.total) + 1 / max(totals.earlier_total)), 9
        ) as stability_index_by_chance,
        round(
            sum(case when bins.is_missing then bins.row_count else 0 end)
            / max(totals.total), 9
        ) as missing_share,
        round(
            sum(case when bins.is_missing then bins.expected_row_count else 0 end)
            / max(totals.total), 9
        ) as earlier_missing_share,
        bins.as_of_date
    from bins
    inner join totals
        on
            bins.feature_name = totals.feature_name
            and bins.earlier_period = totals.earlier_period
            and bins.as_of_date = totals.as_of_date
    group by bins.feature_name, bins.earlier_period, bins.as_of_date
)

select * from measured
