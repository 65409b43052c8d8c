{#
    Fails if a column's sum is not that of another model's field. Exact types only: sums
    of doubles depend on the order of the rows.
#}
{% test same_total(model, column_name, to, field, to_where=none) %}
    

with

totals_here as (
    select sum({{ column_name }}) as total_here from {{ model }}
),

totals_there as (
    select sum({{ field }}) as total_there from {{ to }}
{% if to_where is not none %}where {{ to_where }}{% endif %}
)

select
    totals_here.total_here,
    totals_there.total_there
from totals_here
cross join totals_there
where coalesce(totals_here.total_here, 0) <> coalesce(totals_there.total_there, 0)

{% endtest %}
