"""`make explain` tells why any user's scores are what they are, and writes nothing."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from support.builds import BUILT_WAREHOUSE, PROJECT_FOLDER, VAULT_KEY

from operations.explain import NotExplainedError, explained_lines, opened, pseudonym_of
from operations.privacy.vault import attach_encrypted, vault_of

MARTS = ("user_score_reasons", "user_amount_reasons", "offer_score_reasons", "category_score_reasons")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a database of one user, and the vault that knows the user."""
    monkeypatch.setenv("VAULT_KEY", VAULT_KEY)
    warehouse = tmp_path / "shop.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("""
            create schema core; create schema learning; create schema seeds; create schema scores;
            create table core.users as select 'pseudonym' as user_id;
            create table learning.ml_estimator_registry as
                select 'redeem' as task, 'champion' as status, '2' as estimator_version;
            create table seeds.learning_tasks as select 'redeem' as task, 'user_offer' as grain;
            create table scores.user_scores as select 'pseudonym' as user_id, 'no order yet' as score_status;
        """)
        for grain in ("user", "user_category", "user_offer"):
            connection.execute(f"""
                create table learning.ml_{grain}__scores as
                select 'redeem' as task, 'pseudonym' as user_id, 'o' as offer_id, '' as category_name, .1 as score,
                    '1' as estimator_version
                where '{grain}' = 'user_offer'
            """)
        attach_encrypted(connection, vault_of(warehouse), "vault", VAULT_KEY)
        connection.execute("""
            create table vault.people as
            from (values ('pseudonym', '900', 'a@b.c'), ('another', '901', 'b@b.c'), ('third', '902', 'b@b.c'))
                as people (user_id, source_user_id, email)
        """)
    return warehouse


@pytest.mark.parametrize("name", ["pseudonym", "900", "A@b.c"])
def test_a_user_is_found_by_any_name(shop: Path, name: str) -> None:
    with opened(shop) as connection:
        assert pseudonym_of(connection, shop, name) == "pseudonym"


@pytest.mark.parametrize(
    ("change", "name", "sentence"),
    [
        ("", "nobody", r"^No user is known by this name \(id of the source, pseudonym or e-mail address\)\.$"),
        ("", "b@b.c", r"^2 users are known by this name"),
        ("", "pseudonym", r"^Scores of redeem are not of the estimator in service: run make score\.$"),
        ("delete from learning.ml_estimator_registry", "900", r"^No estimator is in service for any task.*make build"),
        ("delete from learning.ml_user_offer__scores", "900", r"^The user has no score \(no order yet\)\.$"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence(shop: Path, change: str, name: str, sentence: str) -> None:
    with duckdb.connect(str(shop)) as connection:
        connection.execute(change or "select 1")
    with pytest.raises(NotExplainedError, match=sentence):
        list(explained_lines(shop, name, "en"))


def test_a_database_that_cannot_be_read_is_one_sentence(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotExplainedError, match=r"^No database at .*none.duckdb: run make build first\.$"):
        opened(shop.with_name("none.duckdb"))
    with duckdb.connect(str(shop)), pytest.raises(NotExplainedError, match=r"^Cannot read .*, does a build run\? "):
        opened(shop)
    monkeypatch.setenv("VAULT_KEY", VAULT_KEY[::-1])
    with pytest.raises(NotExplainedError, match=r"^Cannot open the vault .* with the key of "):
        list(explained_lines(shop, "900", "en"))
    vault_of(shop).unlink()
    with pytest.raises(NotExplainedError, match=r"^No user has the pseudonym '900', and no vault "):
        list(explained_lines(shop, "900", "en"))


@pytest.mark.parametrize(("given", "sentence"), [((), "Name a user"), (("USER=900", "IN=fr"), "IN is 'fr'")])
def test_what_make_is_given_is_what_is_read(given: tuple[str, ...], sentence: str) -> None:
    done = subprocess.run(
        ["make", "--silent", "explain", "VENV=", *given],
        cwd=PROJECT_FOLDER,
        env={**os.environ, "USER": "somebody who is logged in"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    assert done.stderr.startswith(sentence), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("language", "text"), [("en", "reason_text"), ("zh", "reason_text_zh")])
def test_the_reasons_are_those_of_the_build(built: duckdb.DuckDBPyConnection, language: str, text: str) -> None:
    user = built.sql("""
        select user_id from scores.dec_explained_scores
        group by user_id order by count(distinct grain) desc, count(*) desc, user_id limit 1
    """).fetchone()[0]
    before = hashlib.sha256(BUILT_WAREHOUSE.read_bytes()).hexdigest()
    lines = [line.strip() for line in explained_lines(BUILT_WAREHOUSE, user, language)]
    assert hashlib.sha256(BUILT_WAREHOUSE.read_bytes()).hexdigest() == before
    count = 0
    for mart in MARTS:
        key = {"offer": "offer_id", "category": "category_name"}.get(mart.split("_")[0], "''")
        rows = built.execute(
            f"""
            select
                task, {key} as about,
                list(concat(if(direction = 'raises', '+ ', '- '), {text}) order by reason_rank) as reasons
            from scores.{mart} where user_id = $1 group by all
            """,
            [user],
        ).fetchall()
        count += len(rows)
        for task, about, reasons in rows:
            prefix = f"{about} " if about else ""
            after = lines[[line.startswith(f"{task}: ") for line in lines].index(True) + 1 :]
            start = next(place for place, line in enumerate(after) if line[0] not in "+-" and line.startswith(prefix))
            assert after[start + 1 : start + 1 + len(reasons)] == reasons
    assert count > 5
    # every score is there, explained by the build or not
    scores = sum(
        built.execute(f"select count(*) from learning.ml_{grain}__scores where user_id = $1", [user]).fetchone()[0]
        for grain in ("user", "user_category", "user_offer")
    )
    # a line with the user, one after the tasks with the currency
    about = [line for line in lines[1:-1] if line and line[0] not in "+-" and ": " not in line]
    assert len(about) == scores
