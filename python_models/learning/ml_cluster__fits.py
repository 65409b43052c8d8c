"""One row per method: the chosen clusters, fitted on the rows to score."""

from precision_marketing.clusters import ClusterSettings, expand_features, fit_chosen
from precision_marketing.frames import to_pandas


def model(dbt, session):
    panel = dbt.ref("ftr_user__panel")
    departments = dbt.ref("ftr_departments")
    features = dbt.ref("cluster_features")
    stability = dbt.ref("ml_cluster__stability")
    return fit_chosen(
        to_pandas(panel),
        expand_features(
            to_pandas(features),
            to_pandas(departments),
        ),
        to_pandas(stability),
        ClusterSettings.from_meta(dbt.config.meta_get("settings")),
    )
