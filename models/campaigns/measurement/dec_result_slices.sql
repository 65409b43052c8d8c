-- one row per campaign and slice of its users: the counts and sums that may be told
{% set slices = {'all': "'all'", 'segment': 'segment_name', 'offer': 'offer_id'} -%}
{% set is_treated = "cast(arm = 'treatment' as int)" -%}
with

outcomes as (select * from {{ ref('dec_arm_outcomes') }}),

mixed as (
    select
        campaign_id,
        cast(count(case when arm = 'both' then 1 end) as bigint) as both_arms_count,
        {{ are_arms_mixed('arm') }} as has_mixed_arms
    from {{ ref('dec_assigned_arms') }}
    group by campaign_id
),

-- counts of contacted users, with or without a control group
summed as (
    {% for kind, column in slices.items() -%}
        select
            campaign_id,
            '{{ kind }}' as slice_kind,
            {{ column }} as slice_value,
            min(measurement) as measurement,
            cast(sum({{ is_treated }}) as bigint) as treated_count,
            cast(sum(1 - {{ is_treated }}) as bigint) as control_count,
            cast(sum({{ is_treated }} * cast(is_redeemed as int)) as bigint)
                as redeemed_count,
            cast(sum({{ is_treated }} * amount) as decimal(18, 2)) as revenue_amount,
            cast(sum({{ is_treated }} * cost) as decimal(18, 2)) as cost_amount,
            bool_and(is_over) as is_over,
            min(starts_on) as starts_on,
            min(ends_on) as ends_on
        from outcomes
        where {{ column }} is not null
        group by campaign_id{{ '' if kind == 'all' else ', ' ~ column }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- the rest is users of the campaign in no slice of the kind, such as without a segment
shown as (
    select * from summed
    qualify
    {% for users in ['treated_count', 'control_count'] -%}
            {{ is_shown(
                users, 'campaign_id, slice_kind', 'slice_value',
                rest='max(' ~ users ~ ') over (partition by campaign_id) - sum(' ~ users
                ~ ') over (partition by campaign_id, slice_kind)'
            ) }}
            {{ 'and' if not loop.last }}
    {% endfor %}
),

judged as (
    select
        shown.*,
        case
            when not {{ is_few('mixed.both_arms_count') }} then mixed.both_arms_count
        end as both_arms_count,
        mixed.has_mixed_arms,
        {{ is_rate_shown(
            'redeemed_count', 'treated_count', 'shown.campaign_id',
            'shown.campaign_id, slice_kind', 'slice_value'
        ) }} as is_rate_shown
    from shown
    inner join mixed on shown.campaign_id = mixed.campaign_id
)

select * from judged
