{# A channel's name in attribution: none is what touches no order. #}
{% macro credited_channel(channel) -%}
    case when coalesce({{ channel }}, '') in ('', 'none') then 'unknown'
        else {{ channel }} end
{%- endmacro %}

{# The methods that share an order among the channels of its path. #}
{% macro attribution_methods() -%}
    {{ return([
        'first_touch', 'last_touch', 'linear', 'time_decay', 'position', 'markov',
        'shapley',
    ]) }}
{%- endmacro %}

{# A channel as a set of one: sets are whole numbers with a bit for each channel. #}
{% macro channel_bit(channel_number) -%}
    cast(power(2, {{ channel_number }} - 1) as bigint)
{%- endmacro %}

{#
    CTEs that take the states 1 to `states` out of a chain, one after the other: who would
    have come to a state goes on as it does, so that at last the cell of 0 and the end has
    the chance to get from one to the other, exactly. `cells` has a row for each `removed`,
    `from_number` and `to_number`, with `probability`; so has CTE chain_solved. Elimination
    of states: Kemeny and Snell, Finite Markov Chains, 1960.
#}
{% macro chain_solved(cells, states) -%}
    {%- for state in range(1, states + 1) -%}
        chain_seen_{{ state }} as (
            select
                *,
                max(case when to_number = {{ state }} then probability end)
                    over (partition by removed, from_number) as to_state,
                max(case when from_number = {{ state }} then probability end)
                    over (partition by removed, to_number) as on_from_state,
                max(
                    case
                        when from_number = {{ state }} and to_number = {{ state }}
                            then probability
                    end
                ) over (partition by removed) as staying
            from {{ cells if loop.first else 'chain_without_' ~ (state - 1) }}
        ),

        chain_without_{{ state }} as (
            select
                removed,
                from_number,
                to_number,
                probability
                + coalesce(to_state * on_from_state / nullif(1 - staying, 0), 0)
                    as probability
            from chain_seen_{{ state }}
            where from_number <> {{ state }} and to_number <> {{ state }}
        ),

    {% endfor -%}
    chain_solved as (select * from chain_without_{{ states }}),
{%- endmacro %}

{#
    What the worth of a part of a set counts in the Shapley value of a channel: by the
    channels in the part, in the whole, and whether the channel is in the part (Shapley,
    A value for n-person games, 1953, summed over parts).
#}
{% macro shapley_weight(part_size, whole_size, is_inside, most) -%}
    {%- set factorial = [1] -%}
    {%- for number in range(1, most + 1) -%}
        {%- do factorial.append(factorial[-1] * number) -%}
    {%- endfor -%}
    case
        cast({{ whole_size }} as int) * 10000 + cast({{ part_size }} as int) * 100
        + {{ is_inside }}
        {% for whole in range(1, most + 1) -%}
            {%- for part in range(whole + 1) -%}
                {%- if part > 0 -%}
                    when {{ whole * 10000 + part * 100 + 1 }} then {{
                        factorial[part - 1] * factorial[whole - part] / factorial[whole]
                    }}
                {% endif -%}
                {%- if part < whole -%}
                    when {{ whole * 10000 + part * 100 }} then -{{
                        factorial[part] * factorial[whole - part - 1] / factorial[whole]
                    }}
                {% endif -%}
            {%- endfor -%}
        {%- endfor -%}
    end
{%- endmacro %}

{#
    A channel's share of an order in whole cents, by its weight among those of the order,
    alike where none weighs anything; doubles err by less than a millionth of a cent. What
    is left of rounding down goes to the row that `is_last` marks, so that the shares of an
    order add up to it, whatever its sign.
#}
{% macro cents_floored(cents, weight, whole) -%}
    cast(
        floor({{ cents }} * (
            case
                when sum({{ weight }}) over (partition by {{ whole }}) > 0
                    then {{ weight }} / sum({{ weight }}) over (partition by {{ whole }})
                else 1.0 / count(*) over (partition by {{ whole }})
            end
        ) + 0.000001) as bigint
    )
{%- endmacro %}

{% macro cents_spread(floored, cents, is_last, whole) -%}
    {{ floored }} + case
        when {{ is_last }}
            then {{ cents }} - sum({{ floored }}) over (partition by {{ whole }})
        else 0
    end
{%- endmacro %}

{#
    An end of the interval of a ratio of two sums that both err, with their variances and
    covariance (Fieller, Some problems in interval estimation, 1954); null where the sum
    below is not surely above 0, as then no ratio can be named.
#}
{% macro ratio_end(end, above, below, above_variance, below_variance, covariance, level) -%}
    {%- set squared = '(' ~ normal_reach(level) ~ ' * ' ~ normal_reach(level) ~ ')' -%}
    {%- set lead = '(' ~ below ~ ' * ' ~ below ~ ' - ' ~ squared ~ ' * ' ~ below_variance ~ ')' -%}
    {%- set middle = '(' ~ above ~ ' * ' ~ below ~ ' - ' ~ squared ~ ' * ' ~ covariance ~ ')' -%}
    {%- set rest = '(' ~ above ~ ' * ' ~ above ~ ' - ' ~ squared ~ ' * ' ~ above_variance ~ ')' -%}
    case
        when {{ below }} > 0 and {{ lead }} > 0
            then (
                {{ middle }} {{ '-' if end == 'low' else '+' }} sqrt(
                    greatest({{ middle }} * {{ middle }} - {{ lead }} * {{ rest }}, 0)
                )
            ) / {{ lead }}
    end
{%- endmacro %}

{#
    CTEs that set credited against caused: `users` has a row per user of a campaign, with
    arm, amount (what the user brought) and credit (what was credited). Of each campaign of
    which both arms have `least` users, the treated bring their number times the difference
    of the arms' means; CTE arms_contrasted sums these by `columns`, with variances, and has
    the interval of the factor, credited over caused, at the level of var attribution.
#}
{% macro arms_contrasted(users, columns, campaign, least) -%}
    {%- set keys = columns | join(', ') -%}
    arms_summed as (
        select
            {{ keys }},
            {{ campaign }},
            {% for arm in ['treatment', 'control'] -%}
                {%- set only = "case when arm = '" ~ arm ~ "' then " -%}
                count({{ only }} 1 end) as {{ arm }}_count,
                {% for figure in ['amount', 'credit'] -%}
                    avg({{ only }} {{ figure }} end) as {{ arm }}_{{ figure }},
                    var_samp({{ only }} {{ figure }} end) as {{ arm }}_{{ figure }}_variance,
                {% endfor -%}
                covar_samp({{ only }} amount end, {{ only }} credit end)
                    as {{ arm }}_covariance{{ ',' if not loop.last }}
            {% endfor %}
        from {{ users }}
        group by {{ keys }}, {{ campaign }}
    ),

    campaigns_contrasted as (
        select
            {{ keys }},
            treatment_count,
            control_count,
            treatment_count * (treatment_credit - control_credit) as credit,
            treatment_count * (treatment_amount - control_amount) as caused,
            {% for moment in ['credit_variance', 'amount_variance', 'covariance'] -%}
                treatment_count * treatment_count * (
                    treatment_{{ moment }} / treatment_count
                    + control_{{ moment }} / control_count
                ) as {{ moment }}{{ ',' if not loop.last }}
            {% endfor %}
        from arms_summed
        where treatment_count >= {{ least }} and control_count >= {{ least }}
    ),

    contrasts_summed as (
        select
            {{ keys }},
            count(*) as campaign_count,
            sum(treatment_count) as treated_count,
            sum(control_count) as control_count,
            sum(credit) as credit,
            sum(caused) as caused,
            sum(credit_variance) as credit_variance,
            sum(amount_variance) as caused_variance,
            sum(covariance) as covariance
        from campaigns_contrasted
        group by {{ keys }}
    ),

    arms_contrasted as (
        select
            *,
            {% for end in ['low', 'high'] -%}
                {{ ratio_end(
                    end, 'credit', 'caused', 'credit_variance', 'caused_variance',
                    'covariance', var('attribution').level
                ) }} as factor_{{ end }}{{ ',' if not loop.last }}
            {% endfor %}
        from contrasts_summed
    ),
{%- endmacro %}
