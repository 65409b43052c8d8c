"""Print the reasons of every score of one user, told anew: `make explain USER=...`.

    PYTHONPATH=python_models python -m operations.explain USER [en|zh]

USER is the shop's id of the user, the pseudonym or the e-mail address. Nothing is
written, and no name but the pseudonym is printed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
from dbt_common.exceptions import DbtRuntimeError
from precision_marketing.common.frames import to_pandas
from precision_marketing.explanations.reasons import tell_reasons

from operations.personal_data.persons import persons_named
from operations.places import PROJECT, WAREHOUSE, shown
from operations.privacy.keys import read_key
from operations.privacy.vault import attach_encrypted, vault_of

# Per grain the tables that its Python model of reasons reads; what a row is about, if not the user alone.
LABELS = {"user": "lbl_user", "user_category": "lbl_user_category", "user_offer": "lbl_user_offer"}
FEATURES = {
    "user": ["ftr_user__snapshot"],
    "user_category": ["ftr_user_category__snapshot"],
    "user_offer": ["ftr_user_offer__snapshot", "ftr_user__snapshot"],
}
KEYS = ["task", "user_id", "offer_id", "category_name"]
TEXTS = {"en": "reason_text", "zh": "reason_text_zh"}
SIGNS = {"raises": "+", "lowers": "-"}


class NotExplainedError(Exception):
    """Nothing is explained; the reason is one sentence."""


@dataclass(frozen=True)
class Score:
    """A score and its reasons.

    Parameters
    ----------
    task, description : str
        As in the seed ``learning_tasks``.
    about : str
        Offer or category; empty where the score is about the user alone.
    value : str
        The score as it is written.
    reasons : list of tuple
        Direction and sentence of each, the first first.
    """

    task: str
    description: str
    about: str
    value: str
    reasons: list[tuple[str, str]]


def main() -> None:
    """Print the scores of a user and why they are what they are."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    language = sys.argv[2] if len(sys.argv) > 2 else "en"
    try:
        if not name.strip():
            raise NotExplainedError("Name a user: make explain USER=<the shop's id or the pseudonym>.")
        if language not in TEXTS:
            raise NotExplainedError(f"IN is {language!r}: expected one of {', '.join(TEXTS)}.")
        for line in explained_lines(WAREHOUSE, name.strip(), language):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever reads has seen enough, as head has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (NotExplainedError, DbtRuntimeError, ValueError) as error:
        sys.exit(str(error).replace("Nothing was built: ", ""))


def explained_lines(warehouse: Path, name: str, language: str) -> Iterator[str]:
    """Yield what is printed."""
    with opened(warehouse) as connection:
        user = pseudonym_of(connection, warehouse, name)
        scores = scores_of(connection, user, language)
        currency = connection.sql("select coalesce(currency, '') from features.ftr_shop").fetchone()[0]
        [(day,)] = connection.sql("select as_of_date from core.as_of_dates where is_scoring_date").fetchall()
    yield f"Scores of user {user} as of {day}; + raises a score, - lowers it."
    task = ""
    for score in scores:
        if score.task != task:
            task = score.task
            yield f"\n{task}: {score.description}"
        yield "  " + " ".join(filter(None, [score.about, score.value]))
        for direction, sentence in score.reasons:
            yield f"    {SIGNS[direction]} {sentence}"
        if not score.reasons:
            yield "    Nothing moves this score from its baseline."
    if currency:
        yield f"\nAmounts are in {currency}."


def opened(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """Open a database to read it."""
    if not warehouse.exists():
        raise NotExplainedError(f"No database at {shown(warehouse)}: run make build first.")
    try:
        return duckdb.connect(str(warehouse), read_only=True)
    except duckdb.Error as error:
        cause = str(error).splitlines()[0]
        raise NotExplainedError(f"Cannot read {shown(warehouse)}, does a build run? {cause}") from None


def pseudonym_of(connection: duckdb.DuckDBPyConnection, warehouse: Path, name: str) -> str:
    """Return the pseudonym of a user; the vault is opened unless the name is one."""
    if connection.execute("select 1 from core.users where user_id = $1", [name]).fetchall():
        return name
    vault = vault_of(warehouse)
    if not vault.exists():
        raise NotExplainedError(f"No user has the pseudonym {name!r}, and no vault {shown(vault)} knows other names.")
    key, place = read_key("vault", "the vault")
    try:
        attach_encrypted(connection, vault, "vault", key, is_read_only=True)
    except duckdb.Error as error:
        cause = str(error).splitlines()[0]
        raise NotExplainedError(f"Cannot open the vault {shown(vault)} with the key of {place}. {cause}") from None
    found = {person.user_id for person in persons_named(connection.cursor(), name)}
    if len(found) != 1:
        who = f"{len(found)} users are" if found else "No user is"
        raise NotExplainedError(f"{who} known by this name (id of the source, pseudonym or e-mail address).")
    return found.pop()


def scores_of(connection: duckdb.DuckDBPyConnection, user: str, language: str) -> list[Score]:
    """Return a user's scores with their reasons, by task, the highest first."""

    def table(name: str) -> duckdb.DuckDBPyRelation:
        return connection.sql(f"from {name}")

    registry, tasks = to_pandas(table("learning.ml_estimator_registry")), to_pandas(table("seeds.learning_tasks"))
    champions = registry[registry["status"] == "champion"].set_index("task")["estimator_version"]
    if champions.empty:
        raise NotExplainedError("No estimator is in service for any task, so nothing is scored: run make build first.")
    parts = " union all ".join(
        f"select '{grain}' as grain, {', '.join(KEYS)}, score, estimator_version from learning.ml_{grain}__scores"
        for grain in LABELS
    )
    own = connection.sql(f"select * from ({parts}) where user_id = $user", params={"user": user})
    scores = to_pandas(own)
    if scores.empty:
        status = connection.execute("select max(score_status) from scores.user_scores where user_id = $1", [user])
        raise NotExplainedError(f"The user has no score ({status.fetchone()[0]}).")
    old = scores[scores["estimator_version"] != scores["task"].map(champions)]
    if len(old):
        raise NotExplainedError(f"Scores of {old['task'].iloc[0]} are not of the estimator in service: run make score.")
    told = pd.concat(
        tell_reasons(
            grain,
            table(f"labels.{LABELS[grain]}").filter("split_name = 'score'"),
            [table(f"features.{name}") for name in FEATURES[grain]],
            own,
            registry,
            tasks,
            *map(to_pandas, (table("seeds.reason_texts"), table("features.ftr_shop"))),
            int(PROJECT["vars"]["reason_count"]),
            to_pandas(table("features.ftr_departments")),
        )
        for grain in LABELS
    )
    return [*_written(scores, told, tasks, TEXTS[language])]


def _written(scores: pd.DataFrame, told: pd.DataFrame, tasks: pd.DataFrame, text: str) -> Iterator[Score]:
    reasons = dict(iter(told.fillna({"offer_id": "", "category_name": ""}).groupby(KEYS)))
    scores = scores.fillna({"offer_id": "", "category_name": ""})
    for task in tasks.itertuples():
        own = scores[scores["task"] == task.task].sort_values(
            ["score", "offer_id", "category_name"], ascending=[False, True, True]
        )
        for row in own.itertuples():
            rows = reasons.get((row.task, row.user_id, row.offer_id, row.category_name), told.iloc[:0])
            rows = rows.sort_values("reason_rank")
            value = f"{row.score:,.2f}" if task.label_kind == "amount" else f"{row.score:.1%}"
            yield Score(
                task.task,
                task.description,
                row.offer_id + row.category_name,
                value,
                [*zip(rows["direction"], rows[text], strict=True)],
            )


if __name__ == "__main__":
    main()
