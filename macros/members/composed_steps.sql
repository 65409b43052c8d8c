{#
    Steps of which each moves a number by `shift`, then holds it between `lowest` and `highest`,
    composed from the first to each: CTE composed_steps has what they do together. Two such
    steps make one such step, so that twice as many are composed in each round, up to two
    to the power of `rounds` in all (Hillis and Steele, Data parallel algorithms, 1986).
#}
{% macro composed_steps(steps, group, number, rounds) -%}
    {%- set far = 1000000000000000000 -%}
    {%- for round in range(rounds) -%}
        {%- set before = 2 ** round -%}
        paired_{{ round }} as (
            select
                *,
                lag(shift, {{ before }}) over (
                    partition by {{ group }} order by {{ number }}
                ) as shift_before,
                lag(lowest, {{ before }}) over (
                    partition by {{ group }} order by {{ number }}
                ) as lowest_before,
                lag(highest, {{ before }}) over (
                    partition by {{ group }} order by {{ number }}
                ) as highest_before
            from {{ steps if round == 0 else 'composed_' ~ (round - 1) }}
        ),

        composed_{{ round }} as (
            select
                {{ group }},
                {{ number }},
                case
                    when shift_before is null then shift
                    else shift_before + shift
                end as shift,
                case
                    when shift_before is null then lowest
                    else least(
                        greatest(
                            case
                                when lowest_before < -{{ far }} then lowest_before
                                else lowest_before + shift
                            end,
                            lowest
                        ),
                        highest
                    )
                end as lowest,
                case
                    when shift_before is null then highest
                    else least(
                        greatest(
                            case
                                when highest_before > {{ far }} then highest_before
                                else highest_before + shift
                            end,
                            lowest
                        ),
                        highest
                    )
                end as highest
            from paired_{{ round }}
        ),

    {% endfor -%}
    composed_steps as (
        select * from {{ 'composed_' ~ (rounds - 1) if rounds else steps }}
    ),
{%- endmacro %}
