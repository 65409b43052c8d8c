"""What the campaigns of the plan would do, as the tables that decide have it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb

from operations.places import PROJECT, SHOP

REASONS_SHOWN = 3
# Names of limits, as a sentence says them, by column of LIMITS.
LIMITS_SHOWN = {
    "by_week": "the week's budget",
    "by_campaign": "the campaign's budget",
    "by_stock": "the stock of its offers",
    "by_channel": "the channel's contacts of the week",
}
CAMPAIGNS = """
    select
        campaigns.campaign_id,
        campaigns.campaign_name,
        campaigns.channel,
        campaigns.plan_status,
        campaigns.is_due,
        campaigns.is_launching,
        campaigns.budget_amount,
        campaigns.starts_on,
        campaigns.ends_on,
        campaign_id in (select campaign_id from campaigns.dec_options where is_exploratory) as is_exploratory,
        count(*) as base,
        count(*) filter (decisions.decision <> 'excluded') as eligible,
        count(*) filter (decisions.decision = 'control') as control,
        count(*) filter (decisions.decision = 'contact') as contacts,
        coalesce(sum(decisions.expected_cost) filter (decisions.decision = 'contact'), 0) as cost,
        coalesce(sum(decisions.expected_margin) filter (decisions.decision = 'contact'), 0) as margin
    from plan.plan_campaigns as campaigns
    inner join campaigns.dec_decisions as decisions using (campaign_id)
    where campaign_id not in (select campaign_id from campaigns.dec_launched_decisions)
    group by all
    order by is_launching desc, is_due desc, starts_on, campaign_id
"""
# The users of each step by reason; a user may have several.
REASONS = """
    select campaign_id, decision, sentence, count(*) as users
    from (
        select
            campaign_id,
            decision,
            rtrim(unnest(string_split(reasons, '. ')), '.') as sentence
        from campaigns.dec_decisions
        where decision <> 'contact'
    )
    where sentence <> ''
    group by all
    order by users desc, sentence
"""
# Users whom only a limit keeps out: their best offer would earn, or they could be drawn, and they have no other.
# A limit keeps an offer out that has no room left in it.
LIMITS = """
    with

    options as (
        select
            options.*,
            choice.is_chosen,
            bool_or(choice.is_chosen or choice.is_control) over (
                partition by options.allocation_name, options.user_id
            ) as has_place,
            options.weekly_budget_left - sum(case when choice.is_chosen then options.expected_cost else 0 end)
                over (partition by options.allocation_name) as week_left,
            options.budget_amount - sum(case when choice.is_chosen then options.expected_cost else 0 end)
                over (partition by options.campaign_id) as campaign_left,
            options.stock_cap - sum(case when choice.is_chosen then 1 else 0 end)
                over (partition by options.offer_id) as stock_left,
            options.most_contacts_per_week - sum(case when choice.is_chosen then 1 else 0 end)
                over (partition by options.allocation_name, options.channel) as channel_left
        from campaigns.dec_options as options
        inner join campaigns.ml_offer_choice as choice using (offer_id, user_id)
    )

    select
        campaign_id,
        count(distinct user_id) as outbid,
        count(distinct user_id) filter (allocation_name = 'week' and week_left < expected_cost) as by_week,
        count(distinct user_id) filter (campaign_left < expected_cost) as by_campaign,
        count(distinct user_id) filter (stock_left < 1) as by_stock,
        count(distinct user_id) filter (channel_left < 1) as by_channel,
        min(expected_cost) as cheapest
    from options
    where (expected_margin > 0 or is_exploratory) and not is_control and not has_place
    group by campaign_id
"""
CHECKS = """
    select
        campaign_id,
        treated_count + control_count as users,
        least(treated_count, control_count) as smaller_arm,
        expected_margin_lift as expected,
        smallest_margin_lift as smallest,
        expected_response_rate as rate,
        smallest_response_lift as smallest_rise
    from campaigns.ml_campaign_checks
"""
WEEK = """
    select
        scoring.as_of_date,
        coalesce(sum(launched.expected_cost), 0) as spent,
        (select coalesce(string_agg(distinct currency, ', '), '') from core.transactions) as currency,
        (select count(*) from core.users) as users
    from core.as_of_dates as scoring
    left join campaigns.dec_launched_decisions as launched
        on launched.decision = 'contact' and launched.decided_on > scoring.as_of_date - $days::int
    where scoring.is_scoring_date
    group by all
"""


@dataclass
class Campaign:
    """A campaign that is not launched: who would be contacted, and why not more."""

    campaign_id: str
    campaign_name: str
    channel: str
    plan_status: str
    is_due: bool
    is_launching: bool
    budget_amount: float
    starts_on: date
    ends_on: date
    is_exploratory: bool
    base: int
    eligible: int
    control: int
    contacts: int
    cost: float
    margin: float
    # per decision the commonest reasons with their users
    reasons: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    check: dict[str, Any] = field(default_factory=dict)


@dataclass
class Preview:
    """All campaigns that are not launched, and the week's budget that they share."""

    as_of_date: date
    spent: float
    currency: str
    users: int
    weekly_budget: float
    exploratory_lift: float
    campaigns: list[Campaign]

    @property
    def launching(self) -> list[Campaign]:
        """Return the campaigns that make launch would launch."""
        return [campaign for campaign in self.campaigns if campaign.is_launching]

    @property
    def left(self) -> float:
        """Return what launched campaigns leave of the week's budget."""
        return max(self.weekly_budget - self.spent, 0)


def preview(connection: duckdb.DuckDBPyConnection) -> Preview:
    """Read what would be launched from a database that has just decided it."""
    variables = PROJECT["vars"]
    [week] = _records(connection, WEEK, {"days": variables["decision_days"]})
    campaigns = [Campaign(**row) for row in _records(connection, CAMPAIGNS)]
    known = {campaign.campaign_id: campaign for campaign in campaigns}
    for name, query in (("limits", LIMITS), ("check", CHECKS)):
        for row in _records(connection, query):
            if row["campaign_id"] in known:
                setattr(known[row["campaign_id"]], name, row)
    for campaign, decision, sentence, users in connection.execute(REASONS).fetchall():
        if campaign in known:
            reasons = known[campaign].reasons.setdefault(decision, [])
            if len(reasons) < REASONS_SHOWN:
                reasons.append((sentence, users))
    budget, lift = variables["shops"][SHOP]["weekly_budget"], variables["exploratory_lift"]
    return Preview(**week, weekly_budget=budget, exploratory_lift=lift, campaigns=campaigns)


def _records(connection: duckdb.DuckDBPyConnection, query: str, parameters: dict | None = None) -> list[dict[str, Any]]:
    found = connection.execute(query, parameters or {})
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
