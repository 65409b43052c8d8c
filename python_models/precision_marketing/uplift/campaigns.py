"""Uplift of a shop's randomised campaigns: learnt from the earlier, judged later."""

import numpy as np
import pandas as pd

from precision_marketing.common.frames import Panel, typed
from precision_marketing.uplift.learners import CONSTANT
from precision_marketing.uplift.metrics import Trial, resample, uplift_metrics
from precision_marketing.uplift.trials import CHOSEN, RANDOM, UpliftSettings, estimate_effects, random_scores

# What a contact may change, by the column of the panel that holds it.
OUTCOMES = {"buying": "buying_outcome", "redemption": "redemption_outcome", "amount": "amount_outcome"}
ESTIMATE_COLUMNS = {
    "outcome_name": "string",
    "learner": "string",
    "offer_id": "string",
    "campaign_id": "string",
    "user_id": "string",
    "first_order_id": "string",
    "arm": "string",
    "split_name": "string",
    "treated_share": "float64",
    "outcome": "float64",
    "estimate": "float64",
    "validation_qini": "float64",
    "validation_low": "float64",
    "validation_high": "float64",
    "training_row_count": "int64",
    "is_chosen": "bool",
    "as_of_date": "datetime64[us]",
}
INTERVAL_COLUMNS = {
    "campaign_id": "string",
    "outcome_name": "string",
    "learner": "string",
    "metric": "string",
    "metric_value": "float64",
    "interval_low": "float64",
    "interval_high": "float64",
    "treated_count": "int64",
    "control_count": "int64",
}
POOLED = "pooled"
# The effect on buying, shared out in proportion to the effect on redemption.
SHARED = "shared_effect"


def _trial(rows: pd.DataFrame, outcome: str) -> Trial:
    return Trial(
        rows["first_order_id"].to_numpy(object),
        (rows["arm"] == "treatment").to_numpy(bool),
        rows[outcome].to_numpy(float),
        rows["treated_share"].to_numpy(float),
    )


def share_effect(buying: pd.DataFrame, redemption: pd.DataFrame, known: pd.Index) -> pd.DataFrame:
    """Share the average effect on buying out where redemption tells users apart.

    That users differ in buying takes many users to prove, in redemption few: without
    a contact nobody redeems. Where the average is positive and a learner of redemption
    is chosen, whoever is moved to redeem is taken to be moved to buy, in proportion.
    Only the mean is measured; the shape is an assumption, which the test rows judge as
    they judge learners. It is chosen in place of one effect for all; where a learner of
    buying is chosen, the mean of the two is.

    Parameters
    ----------
    buying, redemption : pandas.DataFrame
        Output of `uplift_trials.estimate_effects` for the two outcomes, same rows.
    known : pandas.Index
        Labels of the rows learnt from, over which the mean effect is kept.

    Returns
    -------
    pandas.DataFrame
        ``buying``, with rows of the learner `SHARED` where it can be made; they alone
        are chosen then.
    """
    average = buying[buying["learner"] == CONSTANT]
    redeeming = redemption[redemption["is_chosen"]]
    shape = redeeming["estimate"].clip(lower=0)
    mean = shape.loc[known].mean()
    is_flat = (redeeming["learner"] == CONSTANT).any()
    if is_flat or not mean > 0 or not (average["estimate"] > 0).all():
        return buying
    estimate = average["estimate"] * shape[average.index] / mean
    chosen = buying[buying["is_chosen"]]
    if (chosen["learner"] != CONSTANT).all():
        estimate = (estimate + chosen["estimate"][average.index]) / 2
    shared = average.assign(learner=SHARED, estimate=estimate, is_chosen=True)
    return pd.concat([buying.assign(is_chosen=False), shared])


def campaign_uplift(panel: Panel, settings: UpliftSettings) -> pd.DataFrame:
    """Estimate effects in every later campaign from the campaigns that ended before it.

    Parameters
    ----------
    panel : Panel
        ``lbl_user_offer__arms`` and ``ftr_user_offer__uplift``; the order of the rows
        does not count.
    settings : UpliftSettings
        Seed, draws, folds, fewest users.

    Returns
    -------
    pandas.DataFrame
        Columns `ESTIMATE_COLUMNS`. Rows of split ``test`` (test half of an ended
        campaign): one per outcome, row and learner, response score or random score.
        Rows of split ``score`` (open or coming campaign): one per outcome and row, the
        chosen learner's. Learnt from training halves only; a campaign with too few
        earlier users has no rows.
    """
    everybody = panel.rows.sort_values(["as_of_date", "offer_id", "first_order_id"])
    features = panel.features.loc[everybody.index].reset_index(drop=True)
    everybody = everybody.reset_index(drop=True)
    learnable = (everybody["split_name"] == "train") & everybody["is_over"]
    asked = (everybody["split_name"] == "score") | ((everybody["split_name"] == "test") & everybody["is_over"])
    parts = []
    for (date, split), rows in everybody[asked].groupby(["as_of_date", "split_name"]):
        known = everybody[learnable & (everybody["label_end_date"] <= date)]
        # of the rows learnt from, too: what is shared out must keep its mean there
        asked_features = features.loc[rows.index.append(known.index)]
        estimates = {}
        for name, column in OUTCOMES.items():
            trial = _trial(known, column)
            if settings.are_enough(trial):
                estimates[name] = estimate_effects(features.loc[known.index], trial, asked_features, settings)
        if estimates:
            estimates["buying"] = share_effect(estimates["buying"], estimates["redemption"], known.index)
        for name, found in estimates.items():
            column = OUTCOMES[name]
            found = found[found.index.isin(rows.index)]
            if split == "test":
                keys = rows["offer_id"] + ":" + rows["first_order_id"] + ":" + name
                chance = random_scores(keys.to_numpy(object), settings)
                control = pd.DataFrame({"learner": RANDOM, "estimate": chance, "is_chosen": False}, rows.index)
                found = pd.concat([found, control])
            else:
                found = found[found["is_chosen"]]
            labelled = found.join(rows)
            parts.append(labelled.assign(outcome_name=name, outcome=labelled[column], training_row_count=len(known)))
    return typed(parts, ESTIMATE_COLUMNS)


def uplift_intervals(estimates: pd.DataFrame, settings: UpliftSettings) -> pd.DataFrame:
    """Judge the estimates of the test rows, per campaign and pooled.

    Parameters
    ----------
    estimates : pandas.DataFrame
        Output of `campaign_uplift`.
    settings : UpliftSettings
        Seed, draws, fewest users.

    Returns
    -------
    pandas.DataFrame
        Columns `INTERVAL_COLUMNS`. One row per campaign (or `POOLED`), outcome,
        learner (`CHOSEN` for what the learners chosen at the time give) and metric of
        `uplift_metrics.METRICS`. A campaign whose smaller arm is below the fewest users
        is only part of the pool.
    """
    judged = estimates[estimates["split_name"] == "test"]
    judged = pd.concat([judged, judged[judged["is_chosen"]].assign(learner=CHOSEN)])
    judged = judged.sort_values(["as_of_date", "campaign_id", "first_order_id"])
    parts = []
    for name, of_outcome in judged.groupby("outcome_name"):
        for campaign, rows in [(POOLED, of_outcome), *of_outcome.groupby("campaign_id")]:
            drawn: tuple[np.ndarray, np.ndarray] | None = None
            for learner, scored in rows.groupby("learner"):
                trial = _trial(scored, "outcome")
                if not settings.are_enough(trial):
                    continue
                # the same draws for learners of the same rows; a shared effect has
                # rows only in campaigns for which redemption tells users apart
                if drawn is None or not np.array_equal(drawn[0], trial.users):
                    drawn = trial.users, resample(trial.users, settings.draws, settings.seed)
                found = uplift_metrics(scored["estimate"].to_numpy(), trial, drawn[1])
                parts.append(
                    found.assign(
                        campaign_id=campaign,
                        outcome_name=name,
                        learner=learner,
                        treated_count=int(trial.treated.sum()),
                        control_count=int((~trial.treated).sum()),
                    )
                )
    return typed(parts, INTERVAL_COLUMNS)
