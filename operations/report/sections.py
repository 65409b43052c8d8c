"""The report's sections: which rows each shows, in which order, and its main number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import altair as alt
import pandas as pd

from operations.report import charts, findings, money_charts, supply_charts, supply_findings
from operations.report.findings import Facts, Sentences
from operations.report.words import Words


@dataclass(frozen=True)
class Section:
    """A chart with its table and its sentence.

    Parameters
    ----------
    name : str
        Key of its texts.
    part : str
        Heading that it stands under.
    query : str
        Rows from the published file, in the order of the table.
    columns : str
        Columns of the table, with spaces between.
    draw : callable
        Makes the charts from the rows.
    facts : callable
        Makes what the sentence says from the rows, or what several say; None where too little
        is shown.
    key : str
        Column that names a part; rows without one are not drawn.
    without_key : str
        What the table shows in its place.
    exists : str
        Column of rpt_totals that counts what there is, be it shown or not.
    whole : str
        Column of rpt_totals that counts the parts, if that is another.
    hidden : str
        Key of the sentence where there is something and no row shows it.
    is_open : bool
        Whether the page shows the table at once.
    """

    name: str
    part: str
    query: str
    columns: str
    draw: Callable[[pd.DataFrame, Words], dict[str, alt.TopLevelMixin]]
    facts: Callable[[pd.DataFrame], Facts | Sentences | None]
    key: str = ""
    without_key: str = "not shown"
    exists: str = ""
    whole: str = ""
    hidden: str = ""
    is_open: bool = False


BUDGETS = "from reports.rpt_budget_curve order by allocation_name, budget_amount"
RESULTS = "from reports.rpt_campaign_results where"
SECTIONS = (
    Section(
        "weekly_money",
        "money",
        "from reports.rpt_weekly_money where is_whole_week order by week_starts_on desc limit 52",
        "week_starts_on order_count revenue_amount margin_amount programme_revenue programme_revenue_low"
        " programme_revenue_high programme_margin programme_margin_low programme_margin_high",
        money_charts.weekly_money,
        findings.weekly_money,
    ),
    Section(
        "programme",
        "money",
        "from reports.rpt_programme order by metric, week_number",
        "metric phase week_number control_count lift lift_low lift_high",
        charts.programme,
        findings.programme,
    ),
    Section(
        "week_budget",
        "money",
        "from reports.rpt_week_budget",
        "weekly_budget_amount spent_amount planned_amount left_amount",
        money_charts.week_budget,
        findings.week_budget,
        key="left_amount",
    ),
    Section(
        "campaign_funnel",
        "plan",
        "from reports.rpt_campaign_funnel where step <> 'withdrawn' or user_count > 0"
        " order by starts_on, campaign_id, step_number",
        "campaign_name decision_status step user_count",
        money_charts.campaign_funnel,
        findings.campaign_funnel,
    ),
    Section(
        "campaign_reasons",
        "plan",
        "from reports.rpt_campaign_reasons where reason_rank <= 3 order by campaign_id, step desc, reason_rank",
        "campaign_name step reason user_count step_user_count",
        money_charts.campaign_reasons,
        findings.campaign_reasons,
    ),
    Section(
        "next_week",
        "plan",
        "from reports.rpt_next_week order by plan_status, expected_margin desc nulls last, campaign_id, offer_id",
        "campaign_name offer_name plan_status contact_count expected_cost expected_margin first_send_on",
        charts.next_week,
        findings.next_week,
    ),
    Section(
        "plan_forecasts",
        "plan",
        "from reports.rpt_plan_forecasts order by starts_on, campaign_id, metric",
        "campaign_name forecast_status metric forecast_value forecast_low forecast_high"
        " measurability expected_margin_lift smallest_margin_lift",
        money_charts.plan_forecasts,
        findings.plan_forecasts,
    ),
    Section(
        "policies",
        "plan",
        "from reports.rpt_policies order by campaign_id, expected_margin desc, policy",
        "campaign_name policy user_count cautious_margin expected_margin hopeful_margin",
        money_charts.policies,
        findings.policies,
    ),
    Section(
        "budget_curve",
        "plan",
        BUDGETS,
        "campaign_name budget_amount user_count expected_cost expected_margin",
        charts.budget_curve,
        findings.budget,
    ),
    Section(
        "budget_price",
        "plan",
        BUDGETS,
        "campaign_name budget_share budget_amount budget_price",
        charts.budget_price,
        findings.budget,
    ),
    Section(
        "recommended",
        "plan",
        "from reports.rpt_recommended where category_rank <= 10 order by list_name, category_rank",
        "list_name category_name user_count product_count",
        charts.recommended,
        findings.recommended,
    ),
    Section(
        "demand_weeks",
        "supply",
        "from reports.rpt_demand_weeks order by category_rank, week_starts_on desc",
        "category_name week_starts_on unit_count expected_units campaign_units units_q05 units_q25 units_q75 units_q95",
        supply_charts.demand_weeks,
        supply_findings.demand_weeks,
        exists="order_count",
        hidden="demand_weeks",
    ),
    Section(
        "reorder",
        "supply",
        "from reports.rpt_reorder where list_rank <= 10"
        " order by list_name = 'will expire', list_name = 'too much', list_rank",
        "list_name product_name reason location_id order_units order_cost on_hand_units days_of_cover excess_cost"
        " product_id",
        supply_charts.reorder,
        supply_findings.reorder,
        is_open=True,
    ),
    Section(
        "forecast_accuracy",
        "campaigns",
        "from reports.rpt_forecast_accuracy order by starts_on, campaign_id",
        "campaign_name forecast_value forecast_low forecast_high response_count user_count",
        money_charts.forecast_accuracy,
        findings.forecast_accuracy,
    ),
    Section(
        "policy_outcomes",
        "campaigns",
        "from reports.rpt_policy_outcomes order by policy <> 'optimal', policy",
        "policy user_count contacted_count control_count supported_share profit_lift lift_low lift_high",
        money_charts.policy_outcomes,
        findings.policy_outcomes,
        key="profit_lift",
        without_key="unknown",
    ),
    Section(
        "campaign_rates",
        "campaigns",
        f"{RESULTS} metric = 'redemption_rate' and redemption_rate is not null order by starts_on desc, campaign_id",
        "campaign_name treated_count redeemed_count redemption_rate redemption_rate_low redemption_rate_high",
        charts.campaign_rates,
        findings.campaign_rates,
        key="campaign_id",
        exists="contacted_campaign_count",
        hidden="all",
    ),
    Section(
        "campaign_lift",
        "campaigns",
        f"{RESULTS} lift is not null order by metric, campaign_id",
        "campaign_name metric treated_count control_count lift lift_low lift_high",
        charts.campaign_lift,
        findings.campaign_lift,
        exists="controlled_campaign_count",
        hidden="campaign_lift",
    ),
    Section(
        "channels",
        "campaigns",
        "from reports.rpt_channels where channel <> 'none' order by last_touch_amount desc, channel",
        "channel user_count order_count cost_amount last_touch_amount shapley_amount over_credit_factor"
        " expected_caused_amount",
        money_charts.channels,
        findings.channels,
    ),
    Section(
        "qini_curve",
        "campaigns",
        "from reports.rpt_qini_curve order by outcome_name, contacted_share",
        "outcome_name contacted_share gain_per_user random_gain_per_user user_count",
        charts.qini_curve,
        findings.qini_curve,
        exists="judged_campaign_count",
        hidden="qini_curve",
    ),
    Section(
        "segments",
        "customers",
        "from reports.rpt_segments order by segment_name = 'not shown', total_amount desc, segment_name",
        "segment_name user_count user_share amount_share mean_amount mean_recency_days",
        charts.segments,
        findings.segments,
        exists="only_guest_order_count",
        hidden="guests",
    ),
    Section(
        "segment_value",
        "customers",
        "from reports.rpt_segments order by segment_name = 'not shown', mean_expected_margin desc, segment_name",
        "segment_name user_count mean_expected_margin expected_margin",
        money_charts.segment_value,
        findings.segment_value,
        exists="only_guest_order_count",
        hidden="guests",
    ),
    Section(
        "segment_migration",
        "customers",
        "from reports.rpt_segment_migration"
        " order by former_segment_name = 'not shown', former_segment_name, segment_name",
        "former_segment_name segment_name user_count",
        money_charts.segment_migration,
        findings.segment_migration,
        exists="only_guest_order_count",
        hidden="guests",
    ),
    Section(
        "rfm_map",
        "customers",
        "from reports.rpt_rfm_map order by recency_score desc nulls last, frequency_monetary_score desc",
        "recency_score frequency_monetary_score segment_name user_count mean_amount",
        charts.rfm_map,
        findings.rfm_map,
        key="recency_score",
        exists="only_guest_order_count",
        hidden="guests",
    ),
    Section(
        "retention",
        "customers",
        "from reports.rpt_retention order by cohort_month nulls last, month_number",
        "cohort_month month_number cohort_user_count user_count active_share",
        charts.retention,
        findings.retention,
        key="cohort_month",
        without_key="all months",
        whole="cohort_count",
        exists="only_guest_order_count",
        hidden="guests",
    ),
    Section(
        "complaints",
        "customers",
        "from reports.rpt_complaints where list_rank <= 10 order by list_rank",
        "product_name aspect complaint_share complaint_share_low complaint_share_high shop_complaint_share"
        " earlier_complaint_share review_count product_id",
        supply_charts.complaints,
        supply_findings.complaints,
    ),
    Section(
        "point_months",
        "members",
        "from reports.rpt_point_months"
        " where month_starts_on > (select max(month_starts_on) - interval 24 months from reports.rpt_point_months)"
        " order by month_starts_on desc, change_kind",
        "month_starts_on change_kind user_count point_count",
        supply_charts.point_months,
        supply_findings.point_months,
    ),
    Section(
        "tier_moves",
        "members",
        "from reports.rpt_tier_moves"
        " where month_starts_on > (select max(month_starts_on) - interval 24 months from reports.rpt_tier_moves)"
        " order by month_starts_on desc, change_kind, former_tier, tier",
        "month_starts_on change_kind former_tier tier user_count",
        supply_charts.tier_moves,
        supply_findings.tier_moves,
    ),
    Section(
        "gain_curve",
        "scores",
        "from reports.rpt_gain_curve order by task, curve_kind desc, decile",
        "task curve_kind contacted_share gain_share user_count",
        charts.gain_curve,
        findings.gain_curve,
        key="task",
        exists="probability_score_count",
        hidden="scores",
    ),
    Section(
        "calibration",
        "scores",
        "from reports.rpt_calibration order by task, bin_number",
        "task mean_prediction outcome_rate rate_low rate_high user_count",
        charts.calibration,
        findings.calibration,
        key="task",
        exists="probability_score_count",
        hidden="scores",
    ),
    Section(
        "amounts",
        "scores",
        "from reports.rpt_amounts order by task, tenth nulls last",
        "task tenth mean_prediction mean_outcome user_count",
        charts.amounts,
        findings.amounts,
        key="tenth",
        exists="amount_score_count",
        hidden="scores",
    ),
    Section(
        "importance",
        "scores",
        "from reports.rpt_importance order by task, importance_rank",
        "task reason_group importance_share user_count",
        charts.importance,
        findings.importance,
        exists="score_count",
        hidden="importance",
    ),
    Section(
        "recommendation_quality",
        "scores",
        "from reports.rpt_recommendation_quality order by list_name, ndcg desc, method",
        "list_name method user_count ndcg ndcg_low ndcg_high recall",
        charts.recommendation_quality,
        findings.recommendation_quality,
    ),
    Section(
        "data_quality",
        "data",
        "from reports.rpt_data_quality where row_count > 0"
        " and outcome in ('repaired', 'deduplicated', 'rejected')"
        " order by entity, outcome",
        "entity outcome row_count row_share",
        charts.data_quality,
        findings.data_quality,
    ),
    Section(
        "drift",
        "data",
        "from reports.rpt_drift order by weighted_index desc nulls last, task",
        "task advice drift_verdict leading_feature_name weighted_index"
        " calibration_verdict mean_prediction mean_outcome expected_low expected_high"
        " season window_as_of_date",
        charts.drift,
        findings.drift,
        key="weighted_index",
        without_key="unknown",
    ),
)
