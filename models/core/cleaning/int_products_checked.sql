-- one row per product row of the source, with its status
{% set columns = [
    'product_id', 'product_name', 'department', 'category', 'subcategory', 'brand',
    'product_kind', 'list_price', 'unit_cost', 'launched_at', 'updated_at',
] -%}
{% set key = ['product_id'] -%}
with

source_rows as (
    {{ in_known_words(ref('intake_products'), columns, {
        'product_kind': {'words': 'product_kind', 'unknown': 'emptied'},
    }) }}
),

-- a category gets its most frequent spelling; ties go to mixed case, then alphabet
spellings as (
    select
        lower(category) as category_key,
        category as usual_category
    from source_rows
    where category is not null
    group by category
    qualify
        row_number() over (
            partition by lower(category)
            order by
                count(*) desc,
                case when category in (lower(category), upper(category)) then 1 end
                nulls first,
                category asc
        ) = 1
),

judged as (
    select
        {% for column in columns
            if column not in ('category', 'list_price', 'unit_cost') -%}
            source_rows.{{ column }},
        {% endfor -%}
        source_rows.source_file,
        source_rows.source_row,
        spellings.usual_category as category,
        case when source_rows.list_price >= 0 then source_rows.list_price end
            as list_price,
        case when source_rows.unit_cost >= 0 then source_rows.unit_cost end
            as unit_cost,
        {{ repairs_made([
            "case when source_rows.category <> spellings.usual_category"
            ~ " and not coalesce("
            ~ "contains('; ' || source_rows.read_repairs, '; category '), false)"
            ~ " then 'category had other spaces or case' end",
            "case when source_rows.list_price < 0"
            ~ " then 'list_price is negative, emptied' end",
            "case when source_rows.unit_cost < 0"
            ~ " then 'unit_cost is negative, emptied' end",
        ]) }} as repairs_made,
        case
            {{ fault_of(['product_id'], 'source_rows') }}
        end as fault
    from source_rows
    left join spellings on lower(source_rows.category) = spellings.category_key
),

{{ checked_rows(key, columns) }}
