"""Writes a preview as lines of text."""

from __future__ import annotations

import math
from collections.abc import Iterable

from operations.launch.preview import LIMITS_SHOWN, Campaign, Preview

# Share by which the smallest rise that shows may exceed the one asked for.
NEARLY = 0.1


def preview_lines(found: Preview) -> list[str]:
    """Write the week's budget, then each campaign: funnel, reasons, money, limits, measurability."""
    would_cost = sum(campaign.cost for campaign in found.launching)
    lines = [
        f"As of {found.as_of_date}, money in {found.currency or 'the currency of the shop'}",
        f"Week's budget {found.weekly_budget:,.2f}: {found.spent:,.2f} spent by launched campaigns,"
        f" {would_cost:,.2f} for those that would launch, {max(found.left - would_cost, 0):,.2f} left then.",
    ]
    if not found.campaigns:
        lines += ["No campaign of the plan is ahead that is not launched."]
    for campaign in found.campaigns:
        lines += ["", *campaign_lines(campaign, found)]
    return lines


def campaign_lines(campaign: Campaign, found: Preview) -> list[str]:
    """Write what a campaign would do."""
    if campaign.is_launching:
        status = "would launch"
    elif campaign.plan_status == "approved":
        status = "approved, not due yet"
    else:
        status = "draft, looked at alone"
    lines = [
        f"{campaign.campaign_id}: {campaign.campaign_name}, {campaign.channel},"
        f" {campaign.starts_on} to {campaign.ends_on}, {status}",
        f"  base {campaign.base:,} -> eligible {campaign.eligible:,} -> control {campaign.control:,}"
        f" -> chosen {campaign.contacts:,}",
    ]
    counts = {
        "not eligible": ("excluded", campaign.base - campaign.eligible),
        "not chosen": ("not chosen", campaign.eligible - campaign.control - campaign.contacts),
        "control": ("control", campaign.control),
    }
    for name, (decision, users) in counts.items():
        if users:
            reasons = campaign.reasons.get(decision, [])
            lines.append(f"  {name} {users:,}: {'; '.join(f'{sentence} ({count:,})' for sentence, count in reasons)}")
    lines += [
        f"  cost {campaign.cost:,.2f} of its budget {campaign.budget_amount:,.2f},"
        f" expected margin after cost {campaign.margin:,.2f}",
        f"  limit: {limit_sentence(campaign, found)}",
        f"  measurable: {measure_sentence(campaign, found)}",
    ]
    if not campaign.is_launching and campaign.is_due and campaign.cost > found.left:
        lines.append(f"  once approved, it shares the {found.left:,.2f} that are left of the week's budget")
    return lines


def limit_sentence(campaign: Campaign, found: Preview) -> str:
    """Say what keeps a campaign from contacting more users."""
    limits = campaign.limits
    binding = sorted(
        (name for name in LIMITS_SHOWN if limits.get(name)),
        key=lambda name: (-limits[name], [*LIMITS_SHOWN].index(name)),
    )
    if binding:
        told = ", ".join(f"{LIMITS_SHOWN[name]} ({limits[name]:,} users)" for name in binding)
        left = _left(binding, campaign, found)
        out = "could be drawn" if campaign.is_exploratory else "would earn more than they cost"
        return f"{told} {'keeps' if len(binding) == 1 else 'keep'} out users who {out}{left}."
    if not campaign.eligible:
        return f"no user is eligible, most often: {_commonest(campaign.reasons.get('excluded', []))}."
    if campaign.control and not campaign.contacts:
        return "all users who would be contacted are in a control group."
    if not campaign.contacts:
        return f"no eligible user is chosen, most often: {_commonest(campaign.reasons.get('not chosen', []))}."
    if campaign.is_exploratory:
        if limits.get("outbid"):
            rise = f"a response rate higher by {found.exploratory_lift:.1%}"
            return f"its size, no more users are drawn at random than it takes to show {rise}."
        return "none, all eligible users are drawn at random, into contacts and control."
    return "none, all eligible users who would earn more than they cost are chosen or in control."


def measure_sentence(campaign: Campaign, found: Preview) -> str:
    """Say whether the effect can be measured, and if not what size or length could."""
    check = campaign.check
    if not check or not check["smaller_arm"]:
        return "no, one of its arms is empty."
    if campaign.is_exploratory and check["smaller_arm"] >= 2:
        return _exploratory_sentence(check, found)
    if check["smallest"] is None or math.isnan(check["smallest"]):
        return "no, an arm has fewer than two users."
    smallest, expected = check["smallest"], check["expected"]
    told = f"expected margin per user {expected:,.2f} before cost, smallest that shows {smallest:,.2f}"
    if expected >= smallest:
        return f"yes, {told}."
    if expected <= 0:
        return f"no, {told}; no size could."
    # the smallest effect that shows falls with the root of the number of users
    rounds = (smallest / expected) ** 2
    needed = math.ceil(check["users"] * rounds)
    size = f"{needed:,} users in both arms in place of {check['users']:,} would do"
    if needed > found.users:
        size = f"{needed:,} users in both arms would be needed, the shop has {found.users:,}"
    return f"no, {told}; {size}, or {math.ceil(rounds):,} such campaigns one after the other."


def _exploratory_sentence(check: dict, found: Preview) -> str:
    """Say which rise of the response rate shows, where nothing is known of the margin."""
    rate, rise, lift = check["rate"], check["smallest_rise"], found.exploratory_lift
    if rise is None or math.isnan(rise):
        return f"no, it is too small: from a response rate of {rate:.1%} no rise shows."
    told = f"a rise of the response rate from {rate:.1%} to {rate + rise:.1%} shows"
    # arms are drawn, and not exactly of the size planned
    if rise <= lift * (1 + NEARLY):
        return f"yes, {told}."
    rounds = (rise / lift) ** 2
    needed = f"{math.ceil(check['users'] * rounds):,} users in both arms in place of {check['users']:,}"
    return (
        f"no, it is too small: only {told}. One by {lift:.1%} takes about {needed},"
        f" or {math.ceil(rounds):,} such campaigns one after the other."
    )


def nobody_sentence(campaigns: Iterable[Campaign], found: Preview) -> str:
    """Say which campaigns would contact nobody, why, and how to launch them all the same."""
    why = " ".join(f"{each.campaign_id} would contact nobody: {limit_sentence(each, found)}" for each in campaigns)
    names = ",".join(each.campaign_id for each in campaigns)
    return f"{why} Make a draft of it, or launch it all the same: make launch EMPTY={names}"


def _left(binding: list[str], campaign: Campaign, found: Preview) -> str:
    """Say how little money is left, where money is what keeps users out."""
    others = sum(each.cost for each in found.launching)
    left = {
        "by_week": f"{max(found.left - others, 0):,.2f} of {found.weekly_budget:,.2f} is left of the week's budget",
        "by_campaign": f"{max(campaign.budget_amount - campaign.cost, 0):,.2f} of {campaign.budget_amount:,.2f} is left"
        " of the campaign's",
    }
    told = [left[name] for name in binding if name in left]
    return f", {' and '.join(told)}, their cheapest contact costs {campaign.limits['cheapest']:,.2f}" if told else ""


def _commonest(reasons: list[tuple[str, int]]) -> str:
    return reasons[0][0] if reasons else "no reason is on record"
