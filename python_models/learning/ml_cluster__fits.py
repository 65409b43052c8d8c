"""One row per method: the chosen clusters, fitted on the rows to score."""

from precision_marketing.clusters import ClusterSettings, expand_features, fit_chosen
from precision_marketing.frames import to_pandas


def model(dbt, session):
    panel = dbt.ref("ftr_user__panel")
    departments = dbt.ref("ftr_departments")
    features = dbt.ref("cluster_features")
    stability = dbt.ref("ml_cluster__stability")
    order = ["cluster_method", "cluster_count", "comparison", "as_of_date"]
    return fit_chosen(
        to_pandas(panel, ["as_of_date", "first_order_id"]),
        expand_features(
            to_pandas(features, ["feature_group", "feature_name"]),
            to_pandas(departments, ["department_slot"]),
        ),
        to_pandas(stability, order),
        ClusterSettings.from_meta(dbt.config.meta_get("settings")),
    )
