"""A synthetic shop that lives on, week by week, with the contacts it was given.

The shop is made anew for each week by `demo_shop`: all its draws are hashes of a
seed and a key, so that everything up to the week before repeats, and what users did
about the contacts is added.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from demo_shop.shop import PROJECT_FOLDER, make_shop, project_vars
from operations.privacy.keys import keyed_name, shop_key
from tests.simulation.rules import (
    CAMPAIGNS,
    CATEGORIES,
    CONTROL_SHARE,
    COST_PER_REDEMPTION,
    ENTITIES,
    FACES,
    FIRST_DAY,
    HISTORY_DAYS,
    KEY,
    ONCE,
    PILOT_CONTROL_SHARE,
    PILOT_SHARE,
    PILOT_WEEKS,
    REFIT_CYCLES,
    REFITTED,
    SHARES,
    SHOP,
    TASK,
    TASKS,
    WEEK_DAYS,
    Rules,
)


@dataclass
class World:
    """One seed's shop, and the project that runs on it, in a folder of their own.

    Parameters
    ----------
    folder : Path
        Made when missing; holds files, database and what dbt writes.
    seed : int
        Of the shop's draws and of the plan.
    rules : Rules
        Size, length, budget.
    """

    folder: Path
    seed: int
    rules: Rules
    plans: list[pd.DataFrame] = field(default_factory=list)
    contacts: list[pd.DataFrame] = field(default_factory=list)
    _manifest: Any = None

    def __post_init__(self) -> None:
        """Make the folders, and point dbt at them."""
        self.folder = self.folder.resolve()
        for name in ("shop", "plan"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        os.environ.update(
            {
                "DBT_PROFILES_DIR": "profiles",
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
                "DO_NOT_TRACK": "1",
                "PSEUDONYM_KEY": KEY,
                "SHOP_DIR": str(self.folder / "shop"),
                "SOURCE": SHOP,
                "WAREHOUSE": str(self.warehouse),
            }
        )
        os.chdir(PROJECT_FOLDER)

    @property
    def warehouse(self) -> Path:
        """The database of the project."""
        return self.folder / "simulation.duckdb"

    @property
    def first_date(self) -> date:
        """First day of data: the horizon ends on the last date of the settings."""
        last_date = project_vars()["demo_shop"]["last_date"]
        return date.fromisoformat(last_date) - timedelta(self.rules.horizon_days - 1)

    def make_shop(self, days: int) -> None:
        """Write the shop's files with `days` of data, and the truth."""
        _write(pd.concat(self.plans), self.folder / "plan" / "campaigns.parquet")
        nobody = pd.DataFrame(columns=["campaign_id", "user_id", "arm"])
        _write(pd.concat([nobody, *self.contacts]).astype("string"), self.folder / "plan" / "contacts.parquet")
        self._let_go()
        make_shop(
            self.folder / "shop",
            self.warehouse,
            self.folder / "plan",
            users=self.rules.users,
            days=days,
            seed=self.seed,
            horizon_days=self.rules.horizon_days,
            history_days=HISTORY_DAYS,
        )

    def decide(self, cycle: int) -> pd.DataFrame:
        """Run one week: the world so far, the project's models, its decisions.

        Returns
        -------
        pandas.DataFrame
            The options of the week, one row per offer and user whom no rule excludes:
            ``campaign_id``, ``user_id``, ``expected_cost``, ``expected_margin``,
            ``is_control``, what policies go by and choose, the forecast of the campaign's
            margin as launched, and the truth about it (``order_effect``, ``redemption_count``, ``order_margin``,
            ``discount_amount``, ``swapped_margin``, ``contact_cost``).
        """
        if cycle == 0:
            self._dbt("seed")
            self._pilot()
        self.plans.append(self._plan(cycle))
        self.make_shop(FIRST_DAY + cycle * WEEK_DAYS)
        self._write_seeds(self.plans[-1])
        skipped = (*ONCE, *(REFITTED if cycle % REFIT_CYCLES else ())) if cycle else ()
        self._dbt("run", "--select", "+campaign_forecasts", *(["--exclude", *skipped] if skipped else []))
        with self.connect() as connection:
            names = connection.sql("select user_id from truth.users").df()
            names["pseudonym"] = [_pseudonym(name) for name in names["user_id"]]
            self.contacts.append(connection.sql(_CONTACTS).df())
            return connection.sql(_OPTIONS).df()

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open the database, which dbt has let go of."""
        self._let_go()
        return duckdb.connect(str(self.warehouse))

    def _let_go(self) -> None:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        DuckDBConnectionManager.close_all_connections()

    def _pilot(self) -> None:
        """Run weekly randomised campaigns before the project does."""
        self.plans = [self._plan(week) for week in range(-PILOT_WEEKS, 0)]
        self.make_shop(FIRST_DAY)
        users = pd.read_parquet(self.folder / "shop" / "users.parquet")
        consents = users[[f"consent_{channel}" for channel, _ in CAMPAIGNS]].to_numpy()
        days = users["signup_at"].dt.tz_localize(None) - pd.Timestamp(self.first_date)
        for plan in self.plans:
            start_day = int(plan["start_day"].iloc[0])
            random = np.random.default_rng([self.seed, start_day])
            places = random.integers(len(CAMPAIGNS), size=len(users))
            arms = random.random(len(users)) < PILOT_CONTROL_SHARE
            is_contacted = (
                (random.random(len(users)) < PILOT_SHARE)
                & (days < pd.Timedelta(days=start_day - 1)).to_numpy()
                & consents[np.arange(len(users)), places].astype(bool)
            )
            drawn = pd.DataFrame(
                {
                    "campaign_id": plan["campaign_id"].to_numpy()[places],
                    "user_id": users["user_id"],
                    "arm": np.where(arms, "control", "treatment"),
                }
            )
            self.contacts.append(drawn[is_contacted])

    def _plan(self, cycle: int) -> pd.DataFrame:
        """Draw the campaigns of a week: what the generator is told, and the seeds."""
        start_day = FIRST_DAY + cycle * WEEK_DAYS
        random = np.random.default_rng([self.seed, start_day, 1])
        categories = random.choice(CATEGORIES, len(CAMPAIGNS), replace=False)
        rows = []
        for number, (channel, kind) in enumerate(CAMPAIGNS):
            draw = int(random.integers(len(FACES) + len(SHARES)))
            is_amount = draw < len(FACES)
            rows.append(
                {
                    "campaign_id": f"W{start_day // WEEK_DAYS:03d}-{number + 1}",
                    "campaign_type": kind,
                    "channel": channel,
                    "category": categories[number],
                    "start_day": start_day,
                    "length_days": WEEK_DAYS,
                    "face_cents": FACES[draw] if is_amount else None,
                    "discount_share": None if is_amount else SHARES[draw - len(FACES)],
                }
            )
        found = pd.DataFrame(rows)
        return found.astype({"face_cents": "Int64", "discount_share": "float64"})

    def _write_seeds(self, plan: pd.DataFrame) -> None:
        """Put the week's campaigns and offers where the seeds of a marketer stand."""
        starts_on = self.first_date + timedelta(int(plan["start_day"].iloc[0]))
        is_amount = plan["face_cents"].notna()
        values = np.where(is_amount, plan["face_cents"].astype(float) / 100, plan["discount_share"])
        campaigns = pd.DataFrame(
            {
                "shop": SHOP,
                "campaign_id": plan["campaign_id"],
                "campaign_name": plan["category"],
                "campaign_type": plan["campaign_type"],
                "campaign_class": "broad",
                "objective_task": TASK,
                "channel": plan["channel"],
                "audience_rule": "everybody",
                "plan_status": "approved",
                "priority": "1",
                "budget_amount": str(self.rules.budget),
                "control_share": str(CONTROL_SHARE),
                "starts_on": str(starts_on),
                "ends_on": str(starts_on + timedelta(WEEK_DAYS - 1)),
            }
        )
        offers = pd.DataFrame(
            {
                "shop": SHOP,
                "offer_id": plan["campaign_id"] + "-offer",
                "campaign_id": plan["campaign_id"],
                "discount_kind": np.where(is_amount, "amount", "share"),
                "discount_value": values.astype(str),
                "cost_per_redemption": str(COST_PER_REDEMPTION),
                "funded_share": "0",
                "eligible_category": plan["category"],
            }
        )
        with self.connect() as connection:
            for name, rows in (("campaign_plan", campaigns), ("offers", offers)):
                connection.register("rows_of_the_week", rows)
                connection.execute(f"delete from seeds.{name}")
                connection.execute(f"insert into seeds.{name} by name from rows_of_the_week")
            connection.execute(f"delete from seeds.draft_templates where shop='{SHOP}'")
            connection.execute(f"delete from seeds.learning_tasks where task not in {TASKS}")

    def _dbt(self, *arguments: str) -> None:
        """Run dbt in this process; the project is parsed once."""
        from dbt.cli.main import dbtRunner

        common = [
            "--quiet",
            "--no-use-colors",
            f"--target-path={self.folder / 'target'}",
            "--log-level-file=none",
            "--vars",
            json.dumps(self._vars()),
        ]
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            if self._manifest is None:
                found = dbtRunner().invoke(["parse", *common])
                self._manifest = found.result
            if self._manifest is not None:
                found = dbtRunner(self._manifest).invoke([*arguments, *common])
        if not found.success:
            text = output.getvalue()[-3000:]
            raise RuntimeError(f"dbt {arguments[0]}: {text}") from found.exception

    def _vars(self) -> dict[str, Any]:
        """Parameters of the project that a simulation changes."""
        shops = project_vars()["shops"]
        shops[SHOP] |= {"weekly_budget": self.rules.budget, "entities": ENTITIES}
        return {
            "shops": shops,
            "launch": "with_build",
            "launches_need_a_whole_build": False,
            # nothing is judged on the half kept back: the truth is the judge
            "uplift_test_share": 0,
            "campaign_test_weeks": 0,
            # in which the shop has campaigns to choose estimators on
            "campaign_validation_weeks": 6,
            # for speed: nothing that is decided rests on them
            "as_of_count": 8,
            "bootstrap_draws": 100,
            "fit_threads": 1,
            "predicted_categories": {"category": 2, "department": 1},
            "value_draws": 20,
        }


def _pseudonym(user_id: str) -> str:
    return keyed_name(user_id, shop_key(KEY, SHOP))


def _write(rows: pd.DataFrame, path: Path) -> None:
    with duckdb.connect() as connection:
        connection.from_df(rows).write_parquet(str(path))


_CONTACTS = """
    select
        decisions.campaign_id,
        names.user_id,
        decisions.arm
    from campaigns.campaign_decisions as decisions
    inner join names on decisions.user_id = names.pseudonym
    where decisions.arm is not null
    order by all
"""
_OPTIONS = """
    select
        options.campaign_id,
        names.user_id,
        options.channel,
        options.rfm_score,
        options.score,
        options.random_number,
        options.response_probability,
        options.expected_cost,
        options.expected_margin,
        options.is_control,
        choice.is_chosen,
        choice.is_control as is_withheld,
        choice.is_drawn,
        choice.is_rfm_rule,
        choice.is_greedy_by_score,
        choice.is_random,
        forecasts.forecast_value,
        forecasts.forecast_low,
        forecasts.forecast_high,
        offer_values.order_margin as estimated_order_margin,
        uplift.buying_uplift,
        uplift.buying_learner,
        uplift.redemption_uplift,
        uplift.redemption_learner,
        truth.own_orders,
        truth.order_effect,
        truth.redemption_count,
        truth.order_margin,
        truth.discount_amount,
        truth.swapped_margin,
        cast(channels.cost_per_contact as double) as contact_cost
    from campaigns.dec_options as options
    inner join campaigns.ml_offer_choice as choice
        on options.offer_id = choice.offer_id and options.user_id = choice.user_id
    inner join campaigns.dec_offer_values as offer_values
        on
            options.offer_id = offer_values.offer_id
            and options.user_id = offer_values.user_id
    inner join names on options.user_id = names.pseudonym
    inner join truth.offer_values as truth
        on
            options.campaign_id = truth.campaign_id
            and names.user_id = truth.user_id
    inner join seeds.channels as channels
        on options.channel = channels.channel and channels.shop = 'demo_shop'
    left join campaigns.campaign_forecasts as forecasts
        on options.campaign_id = forecasts.campaign_id and forecasts.metric = 'margin'
    left join scores.user_uplift as uplift
        on options.offer_id = uplift.offer_id and options.user_id = uplift.user_id
    order by options.campaign_id, names.user_id
"""
