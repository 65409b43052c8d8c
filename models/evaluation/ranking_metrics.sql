-- one row per slice: how well rows are ordered
with

evaluated as (
    select * from {{ ref('evaluated_rows') }}
    where label_kind = 'binary'
),

-- equal predictions form one group, so ties do not depend on the order of rows
group_values as (
    select
        slice_number,
        group_name,
        prediction,
        cast(sum(outcome) as double) as positive_count,
        cast(count(*) as double) as row_count
    from evaluated
    group by slice_number, group_name, prediction
),

group_below as (
    select
        *,
        sum(row_count - positive_count) over (
            partition by slice_number, group_name order by prediction
        ) as negatives_up_to
    from group_values
),

-- pairs of a positive and a negative in the right order, ties half
group_areas as (
    select
        slice_number,
        group_name,
        sum(positive_count * (
            negatives_up_to - (row_count - positive_count) / 2
        )) as pairs_won,
        sum(positive_count) * sum(row_count - positive_count) as pair_count
    from group_below
    group by slice_number, group_name
),

within_areas as (
    select
        slice_number,
        sum(pairs_won) / nullif(sum(pair_count), 0) as within_auc
    from group_areas
    group by slice_number
),

all_values as (
    select
        slice_number,
        prediction,
        sum(positive_count) as positive_count,
        sum(row_count) as row_count
    from group_values
    group by slice_number, prediction
),

-- from the highest prediction down
above as (
    select
        *,
        sum(positive_count) over (
            partition by slice_number order by prediction desc
        ) as positives_down_to,
        sum(row_count) over (
            partition by slice_number order by prediction desc
        ) as rows_down_to,
        sum(row_count) over (partition by slice_number) as rows_in_all,
        sum(positive_count) over (partition by slice_number) as positives_in_all
    from all_values
),

sized as (
    select
        *,
        rows_in_all - positives_in_all - (rows_down_to - positives_down_to)
            as negatives_below,
        greatest(floor(rows_in_all / 10), 1) as top_count
    from above
),

areas as (
    select
        slice_number,
        cast(max(rows_in_all) as bigint) as row_count,
        cast(max(positives_in_all) as bigint) as positive_count,
        sum(positive_count * (
            negatives_below + (row_count - positive_count) / 2
        ))
        / nullif(
            max(positives_in_all) * (max(rows_in_all) - max(positives_in_all)), 0
        ) as auc,
        sum(positive_count * positives_down_to / rows_down_to)
        / nullif(max(positives_in_all), 0) as average_precision,
        -- of equal predictions, each takes its share of the top tenth
        sum(
            positive_count * least(greatest(
                (top_count - (rows_down_to - row_count)) / row_count, 0
            ), 1)
        )
        / max(top_count)
        / nullif(max(positives_in_all) / max(rows_in_all), 0) as lift_top_tenth
    from sized
    group by slice_number
),

measured as (
    select
        areas.slice_number,
        areas.row_count,
        areas.positive_count,
        -- sums of doubles differ in the last bits from run to run: rounded away
        round(areas.auc, 12) as auc,
        round(within_areas.within_auc, 12) as within_auc,
        round(areas.average_precision, 12) as average_precision,
        round(areas.lift_top_tenth, 12) as lift_top_tenth
    from areas
    inner join within_areas on areas.slice_number = within_areas.slice_number
)

select * from measured
