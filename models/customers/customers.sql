-- one row per user: what is known, expected and planned, as of the scoring date
{% set windows = var('feature_windows').user_amount -%}
{% set horizons = var('value_horizons') -%}
{% set probabilities = ['lapse_28d', 'buy_7d', 'spend_up_28d'] -%}
with

users as (select * from {{ ref('users') }}),
history as (select * from {{ ref('ftr_user__windows') }}),
rfm as (select * from {{ ref('ftr_user__rfm') }}),
user_amounts as (select * from {{ ref('user_amounts') }}),
contacts as (select * from {{ ref('dec_contacts') }}),
decisions as (select * from {{ ref('campaign_decisions') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

clusters as (
    select * from {{ ref('user_clusters') }}
    where cluster_method = 'k_means'
),

scores_beside as (
    select
        {% for task in probabilities -%}
            max(case when task = '{{ task }}' then score end) as {{ task }}_score,
        {% endfor -%}
        user_id
    from {{ ref('user_scores') }}
    group by user_id
),

tiers as (
    select * from {{ ref('member_tiers') }}
    where is_current
),

values_beside as (
    select
        user_id,
        {% for days in horizons -%}
            max(case when horizon_days = {{ days }} then expected_margin end)
                as expected_margin_{{ days }}d,
        {% endfor -%}
        max(probability_alive) as probability_alive
    from {{ ref('user_value') }}
    group by user_id
),

last_contacts as (
    select contacts.*
    from contacts
    inner join scoring on contacts.contact_date < scoring.as_of_date
    qualify
        row_number() over (
            partition by contacts.user_id
            order by contacts.contact_date desc, contacts.campaign_id desc
        ) = 1
),

-- a draft is only looked at, and nobody is contacted for it
next_contacts as (
    select
        decisions.*,
        count(*) over (partition by decisions.user_id) as coming_contact_count
    from decisions
    inner join scoring on decisions.send_on >= scoring.as_of_date
    where decisions.decision = 'contact' and decisions.decision_status <> 'draft'
    qualify
        row_number() over (
            partition by decisions.user_id
            order by decisions.send_on asc, decisions.campaign_id asc
        ) = 1
),

joined as (
    select
        users.user_id,
        rfm.segment_name,
        clusters.cluster_name,
        tiers.tier,
        last_contacts.campaign_id as last_campaign_id,
        last_contacts.channel as last_contact_channel,
        next_contacts.campaign_id as next_campaign_id,
        next_contacts.offer_id as next_offer_id,
        next_contacts.channel as next_contact_channel,
        next_contacts.decision_status as next_contact_status,
        rfm.recency_score,
        rfm.frequency_score,
        rfm.monetary_score,
        rfm.rfm_score,
        rfm.recency_days as days_since_last_order,
        {% for task in probabilities -%}
            scores_beside.{{ task }}_score,
        {% endfor -%}
        user_amounts.expected_amount as expected_amount_28d,
        values_beside.probability_alive,
        {% for days in horizons -%}
            values_beside.expected_margin_{{ days }}d,
        {% endfor -%}
        coalesce(history.order_count, 0) as order_count,
        {% for days in windows -%}
            coalesce(history.order_count_{{ days }}d, 0) as order_count_{{ days }}d,
        {% endfor -%}
        {% for days in windows -%}
            cast(coalesce(history.net_amount_{{ days }}d, 0) as decimal(18, 2))
                as net_amount_{{ days }}d,
        {% endfor -%}
        coalesce(next_contacts.coming_contact_count, 0) as coming_contact_count,
        users.consent_email,
        users.consent_sms,
        users.consent_push,
        users.consent_ads,
        {{ days_after('scoring.as_of_date', '-1 * history.days_since_first_order') }}
            as first_order_date,
        {{ days_after('scoring.as_of_date', '-1 * history.days_since_last_order') }}
            as last_order_date,
        last_contacts.contact_date as last_contact_date,
        next_contacts.send_on as next_contact_date,
        scoring.as_of_date
    from users
    cross join scoring
    left join history
        on
            users.user_id = history.user_id
            and scoring.as_of_date = history.as_of_date
    left join rfm
        on users.user_id = rfm.user_id and scoring.as_of_date = rfm.as_of_date
    left join clusters on users.user_id = clusters.user_id
    left join tiers on users.user_id = tiers.user_id
    left join scores_beside on users.user_id = scores_beside.user_id
    left join user_amounts
        on users.user_id = user_amounts.user_id and user_amounts.task = 'spend_28d'
    left join values_beside on users.user_id = values_beside.user_id
    left join last_contacts on users.user_id = last_contacts.user_id
    left join next_contacts on users.user_id = next_contacts.user_id
)

select * from joined
