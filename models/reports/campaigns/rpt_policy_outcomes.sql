-- one row per policy: what it changed per user, by outcomes of launched campaigns
{#
    Augmented inverse propensity weighting, self-normalised: a user whom the policy picks
    counts as often as the draw made the seen action rare, and a line over what was spent
    before takes out what the arms differ in by chance (Dudik, Langford and Li, Doubly
    Robust Policy Evaluation and Learning, 2011). Right if either propensities or line are.
-#}
with

picked as (select * from {{ ref('dec_policy_picks') }}),

sized as (
    select
        policy,
        count(distinct campaign_id) as campaign_count,
        count(distinct user_id) as user_count,
        -- the others could not have been contacted, so nothing is known of them
        avg(cast(propensity < 1 as int)) as supported_share
    from picked
    group by policy
),

seen as (
    select
        policy,
        user_id,
        decision as arm,
        1 / propensity as weight,
        profit,
        spent_before
    from picked
    where profit is not null
),

arms as (
    select
        policy,
        arm,
        count(distinct user_id) as user_count,
        sum(weight) as weight_sum,
        power(sum(weight), 2) / sum(power(weight, 2)) as effective_count,
        sum(weight * profit) / sum(weight) as profit,
        sum(weight * spent_before) / sum(weight) as spent_before
    from seen
    group by policy, arm
),

centred as (
    select
        seen.policy,
        seen.user_id,
        seen.weight,
        seen.profit - arms.profit as profit_left,
        seen.spent_before - arms.spent_before as spent_left,
        case seen.arm when 'contact' then 1 else -1 end / arms.weight_sum as sign_share
    from seen
    inner join arms on seen.policy = arms.policy and seen.arm = arms.arm
),

lines as (
    select
        policy,
        coalesce(
            sum(weight * profit_left * spent_left)
            / nullif(sum(weight * power(spent_left, 2)), 0), 0
        ) as slope
    from centred
    group by policy
),

-- a user may be in several campaigns
influences as (
    select
        centred.policy,
        centred.user_id,
        sum(
            centred.sign_share * centred.weight
            * (centred.profit_left - lines.slope * centred.spent_left)
        ) as influence
    from centred
    inner join lines on centred.policy = lines.policy
    group by centred.policy, centred.user_id
),

spread as (
    select
        policy,
        sqrt(sum(power(influence, 2))) as standard_error
    from influences
    group by policy
),

compared as (
    select
        sized.policy,
        sized.campaign_count,
        sized.user_count,
        sized.supported_share,
        contact.user_count as contacted_count,
        control.user_count as control_count,
        least(contact.effective_count, control.effective_count) as effective_count,
        least(contact.user_count, control.user_count) as smaller_arm_users,
        contact.profit - control.profit
        - lines.slope * (contact.spent_before - control.spent_before) as profit_lift,
        spread.standard_error
    from sized
    inner join lines on sized.policy = lines.policy
    inner join spread on sized.policy = spread.policy
    inner join arms as contact
        on sized.policy = contact.policy and contact.arm = 'contact'
    inner join arms as control
        on sized.policy = control.policy and control.arm = 'control'
),

-- few random contacts of great weight say nothing
stated as (
    select
        *,
        {{ normal_reach(var('experiment_level')) }} * standard_error
        * sqrt(effective_count / nullif(greatest(effective_count - 2, 0), 0))
            as half_width,
        effective_count >= {{ var('experiment_min_arm_users') }} as is_stated
    from compared
),

published as (
    select
        policy,
        {{ unless_few([
            'user_count', 'campaign_count', 'contacted_count', 'control_count',
            'supported_share',
        ], users='smaller_arm_users') }},
        round(effective_count, 6) as effective_count,
        case when is_stated then round(profit_lift, 6) end as profit_lift,
        case when is_stated then round(profit_lift - half_width, 6) end as lift_low,
        case when is_stated then round(profit_lift + half_width, 6) end as lift_high
    from stated
)

select * from published
