"""One row per category: how units follow the price."""

from precision_marketing.common.frames import to_pandas
from precision_marketing.market.elasticities import price_elasticities


def model(dbt, session):
    return price_elasticities(to_pandas(dbt.ref("mkt_price_cells")))
