"""One row per fit, group of products and set of features: coefficients that forecast their demand."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.demand.regression import DemandSettings, fit_demand


def model(dbt, session):
    rows = dbt.ref("dem_learning")
    return fit_demand(to_pandas(rows), DemandSettings.from_meta(dbt.config.meta_get("settings")))
