"""How many clusters: numbers tried before the test, and followed on."""

from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from precision_marketing.clusters.fits import CRITERIA, ClusterSettings, Fit, Users, criterion, fit_clusters
from precision_marketing.common.frames import Panel, typed

STABILITY_COLUMNS = {
    "cluster_method": "string",
    "comparison": "string",
    "criterion_name": "string",
    "cluster_count": "int64",
    "user_count": "int64",
    "adjusted_rand_index": "float64",
    "criterion_value": "float64",
    "is_chosen": "bool",
    "earlier_as_of_date": "datetime64[us]",
    "as_of_date": "datetime64[us]",
}


def judge_cluster_counts(panel: Panel, features: pd.DataFrame, settings: ClusterSettings) -> pd.DataFrame:
    """Try numbers of clusters before the test, choose one per method, follow it on.

    Numbers are tried on the validation dates (all judged dates where there are none).
    Eligible is a number whose fits agree, by the adjusted Rand index (Hubert and Arabie
    1985), at least ``min_agreement``: two seeds on each date, and the fits of
    consecutive dates on the later one's users. Of these the best mean criterion wins;
    with none, the number whose fits agree most. The chosen number is then fitted on
    every judged date.

    Parameters
    ----------
    panel : Panel
        ``lbl_user`` and ``ftr_user__snapshot``, sorted by ``as_of_date`` and
        ``first_order_id``.
    features : pandas.DataFrame
        Output of `expand_features`.
    settings : ClusterSettings
        Numbers to try, and when fits agree.

    Returns
    -------
    pandas.DataFrame
        Columns `STABILITY_COLUMNS`. ``comparison`` is ``seeds`` (two seeds, one date;
        this row has the criterion), ``fits`` (the earlier date's fit and the later's,
        both on the later date's users) or ``users`` (each user's cluster on the two
        dates: users move, too). Empty where no number can be tried.
    """
    judged = panel.where(panel.rows["split_name"].notna())
    dates = judged.rows["as_of_date"]
    by_date = {date: Users.of(judged.where(dates == date), features) for date in sorted(dates.unique())}
    validation = judged.of_split("validation").rows
    chosen_on = sorted(validation["as_of_date"].unique()) or sorted(by_date)
    fewest = min((len(by_date[date].rows) for date in chosen_on), default=0)
    counts = [
        count
        for count in range(settings.least_count, settings.most_count + 1)
        if count * settings.min_users <= fewest and all(by_date[date].can_hold(count) for date in by_date)
    ]
    parts = []
    for method in CRITERIA if counts else ():
        tried = []
        fits = {}
        for count in counts:
            fits[count] = {
                date: fit_clusters(by_date[date], method, count, settings, settings.seed) for date in chosen_on
            }
            tried += _judge_seeds(fits[count], by_date, settings)
            tried += _judge_dates(fits[count], by_date)
        best = _choose_count(pd.DataFrame(tried), method, settings.min_agreement)
        last = chosen_on[-1]
        followed = {
            date: fit_clusters(users, method, best, settings, settings.seed)
            for date, users in by_date.items()
            if date > last
        }
        tried += _judge_dates({last: fits[best][last], **followed}, by_date)
        rows = pd.DataFrame(tried)
        parts.append(rows.assign(is_chosen=rows["cluster_count"] == best))
    return typed(parts, STABILITY_COLUMNS)


def _judge_seeds(
    fits: dict[pd.Timestamp, Fit], by_date: dict[pd.Timestamp, Users], settings: ClusterSettings
) -> list[dict]:
    """Compare the fit of each date with that of another seed."""
    rows = []
    for date, fit in fits.items():
        users = by_date[date]
        again = fit_clusters(users, fit.method, len(fit.centres), settings, settings.seed + 1)
        row = _compared("seeds", (fit, again), (users, users), date, date)
        rows.append({**row, "criterion_value": criterion(fit, users)})
    return rows


def _judge_dates(fits: dict[pd.Timestamp, Fit], by_date: dict[pd.Timestamp, Users]) -> list[dict]:
    """Compare the fits of consecutive dates, on the later's users and user by user."""
    rows = []
    for earlier, later in pairwise(sorted(fits)):
        pair = (fits[earlier], fits[later])
        now, before = by_date[later], by_date[earlier]
        rows.append(_compared("fits", pair, (now, now), earlier, later))
        rows.append(_compared("users", pair, (before, now), earlier, later))
    return rows


def _compared(
    comparison: str, fits: tuple[Fit, Fit], users: tuple[Users, Users], earlier: pd.Timestamp, later: pd.Timestamp
) -> dict:
    """Compare what two fits say of the users known to both."""
    first, second = (
        pd.Series(fit.assign(fit.values(part.shaped))[0], part.rows["first_order_id"])
        for fit, part in zip(fits, users, strict=True)
    )
    first, second = first.align(second, join="inner")
    return {
        "cluster_method": fits[0].method,
        "comparison": comparison,
        "criterion_name": CRITERIA[fits[0].method],
        "cluster_count": len(fits[0].centres),
        "user_count": len(first),
        "adjusted_rand_index": adjusted_rand_score(first, second),
        "criterion_value": np.nan,
        "earlier_as_of_date": earlier,
        "as_of_date": later,
    }


def _choose_count(tried: pd.DataFrame, method: str, min_agreement: float) -> int:
    compared = tried[tried["comparison"].isin(["seeds", "fits"])]
    agreement = compared.groupby("cluster_count")["adjusted_rand_index"].min()
    criterion = tried.groupby("cluster_count")["criterion_value"].mean()
    if CRITERIA[method] == "bic":
        criterion = -criterion
    agreeing = criterion[agreement >= min_agreement]
    # of equals the fewest clusters
    return int((agreeing if len(agreeing) else agreement).idxmax())
