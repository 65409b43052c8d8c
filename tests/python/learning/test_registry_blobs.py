"""Bytes of the registry come back as they went in, or are refused with a sentence."""

from __future__ import annotations

import io
import pickle
import zipfile

import numpy as np
import pytest
import skops.io
from precision_marketing.estimators.stored import ALLOWED_TYPES, dump_estimator, load_estimator
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier
from support.made_rows import MADE_FAMILIES, SEEDS, fitted_families, make_new_rows

ALL = [*MADE_FAMILIES, "average"]
# What a shortened, changed or foreign blob may be refused with.
REFUSED = "^The registry's bytes (are not a valid skops archive|hold )"
FLIPS = 60


@pytest.mark.parametrize("name", ALL)
def test_every_family_comes_back_with_equal_scores(name: str) -> None:
    estimator, features = fitted_families(0)[name], make_new_rows(0)
    again = load_estimator(dump_estimator(estimator))
    np.testing.assert_array_equal(again.predict_proba(features), estimator.predict_proba(features))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["logistic_regression", "small_tree"])
def test_a_flipped_byte_is_refused_or_changes_no_score(name: str, seed: int) -> None:
    estimator, features = fitted_families(seed)[name], make_new_rows(seed)
    scores = estimator.predict_proba(features)
    blob, random = dump_estimator(estimator), np.random.default_rng(seed)
    refused = 0
    for place in random.integers(0, len(blob), FLIPS):
        spoilt = bytearray(blob)
        spoilt[place] ^= int(random.integers(1, 256))
        try:
            again = load_estimator(bytes(spoilt))
        except ValueError:
            refused += 1
        else:
            # a byte that no reader of the archive looks at, such as a file's date
            np.testing.assert_array_equal(again.predict_proba(features), scores)
    assert refused > FLIPS / 4


@pytest.mark.parametrize("seed", SEEDS)
def test_a_shortened_blob_is_refused(seed: int) -> None:
    blob = dump_estimator(fitted_families(0)["average"])
    for length in np.random.default_rng(seed).integers(0, len(blob), 8):
        with pytest.raises(ValueError, match="are not a valid skops archive"):
            load_estimator(blob[:length])


def _archive_of(name: str, content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, content)
    return archive.getvalue()


class Runs:
    """Leaves a trace when it is unpickled."""

    trace: list[str] = []  # noqa: RUF012

    def __reduce__(self) -> tuple:
        return (Runs.trace.append, ("unpickled",))


@pytest.mark.parametrize(
    "foreign",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"select 1", id="a text"),
        pytest.param(pickle.dumps(Runs()), id="a pickle"),
        pytest.param(_archive_of("estimator.pkl", b"\x80"), id="another archive"),
        pytest.param(_archive_of("schema.json", b"{}"), id="an empty schema"),
        pytest.param(_archive_of("schema.json", b'{"x": '), id="a broken schema"),
        pytest.param(skops.io.dumps([1.0, 2.0]), id="a list"),
        pytest.param(skops.io.dumps(LinearRegression()), id="another estimator"),
        pytest.param(skops.io.dumps(DecisionTreeClassifier()), id="a bare tree"),
    ],
)
def test_foreign_bytes_are_refused(foreign: bytes) -> None:
    with pytest.raises(ValueError, match=REFUSED):
        load_estimator(foreign)
    assert Runs.trace == []


def test_the_list_of_types_holds_none_that_runs_anything() -> None:
    modules = {name.rsplit(".", 1)[0].split(".")[0] for name in ALLOWED_TYPES}
    assert modules <= {"numpy", "precision_marketing", "sklearn"}
