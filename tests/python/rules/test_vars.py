"""Every var has a type and a range, and what lies outside is named in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from operations.places import PROJECT
from operations.vars import PAGE, SCHEMA, page, var_faults

VARS = PROJECT["vars"]


def test_every_var_has_a_schema_and_every_schema_a_var() -> None:
    assert list(SCHEMA["properties"]) == list(VARS)


def test_the_vars_of_the_project_are_sound() -> None:
    assert not var_faults({})


@pytest.mark.parametrize("name", VARS)
def test_a_value_of_another_type_is_named_by_its_var(name: str) -> None:
    for wrong in ([{"no": "such"}], None, 0 if isinstance(VARS[name], bool) else True):
        faults = var_faults({name: wrong})
        assert faults
        assert all(each.startswith(f"Var {name}") and each.endswith(".") for each in faults)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"minimum_cell_users": 0}, "Var minimum_cell_users: expected a whole number from 2 on, found 0."),
        ({"minimum_cell_users": 1}, "Var minimum_cell_users: expected a whole number from 2 on, found 1."),
        # dbt gives null for a var that is set without a value
        ({"minimum_cell_users": None}, "Var minimum_cell_users: expected a whole number from 2 on, found null."),
        ({"minimum_cell_user": 10}, "Var minimum_cell_user: there is no such var. Is minimum_cell_users meant?"),
        ({"xyz": 1}, "Var xyz: there is no such var."),
        ({"minimum_score": 1.5}, "Var minimum_score: expected a number from 0 up to 1, found 1.5."),
        ({"random_seed": "7"}, 'Var random_seed: expected a whole number from 0 up to 4294967295, found "7".'),
        (
            {"value_horizons": []},
            "Var value_horizons: expected a list, each a whole number from 1 on, none twice, that",
        ),
        ({"value_horizons": [28, 0]}, "Var value_horizons.1: expected a whole number from 1 on, found 0."),
        ({"cluster_counts": {"least": 2}}, "Var cluster_counts.most: expected a whole number from 2 on, found none."),
        ({"cluster_counts": {"least": 9, "most": 3}}, "Var cluster_counts: expected least up to most, found 9 and 3."),
        ({"slash_dates": "either"}, "Var slash_dates: expected day_first or month_first or refuse, found"),
        (
            {"shops": {"mine": {**VARS["shops"]["your_shop"], "margin": 0.3}}},
            "Var shops.mine.margin: there is no such var. Is margin_share meant?",
        ),
    ],
)
def test_a_faulty_var_is_told_in_one_sentence(changed: dict[str, Any], sentence: str) -> None:
    (fault,) = var_faults(changed)
    assert fault.startswith(sentence)


def test_the_page_of_vars_is_as_written_by_the_command() -> None:
    assert PAGE.read_text() == page()
