"""The code of templates that tests keep is the code that Jinja makes, whoever asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace

import jinja2
import pytest
from dbt.exceptions import CompilationError
from dbt_common.clients.jinja import get_environment, get_template, render_template
from support import templates

SQL = "select {{ column }} from {% if table %}{{ table }}{% else %}orders{% endif %}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(templates, "FOLDER", tmp_path / "templates")
    monkeypatch.setattr(jinja2.Environment, "compile", templates.kept_code)
    return tmp_path / "templates"


def test_what_is_kept_is_what_jinja_makes(folder: Path) -> None:
    for native in (False, True):
        environment = get_environment(native=native)
        made = templates.compile_template(environment, SQL)
        assert environment.compile(SQL) == environment.compile(SQL) == made
    # text and native values are told apart
    assert len([*folder.iterdir()]) == 2
    for native, value in ((False, "[1]"), (True, [1])):
        template = get_template("{{ values }}", {}, native=native)
        assert render_template(template, {"values": [1]}) == value


def test_all_may_ask_for_a_new_template_at_once(folder: Path) -> None:
    together = Barrier(8)

    def ask(number: int) -> object:
        together.wait()
        return [get_environment().compile(f"{{{{ {each} }}}} {SQL}") for each in range(20)]

    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(ask, range(8))]
    assert all(each == found[0] for each in found)
    assert len([*folder.iterdir()]) == 20


def test_who_is_killed_while_it_writes_leaves_no_half_of_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        get_environment().compile(SQL)
    monkeypatch.undo()
    assert [each.suffix != "" for each in folder.iterdir()] == [True]


def test_what_is_undefined_is_told_of_the_node_that_asks() -> None:
    for name in ("one", "two"):
        node = SimpleNamespace(name=name, resource_type="model", original_file_path=f"{name}.sql")
        with pytest.raises(CompilationError, match=f"model {name}"):
            render_template(get_template("{{ unheard_of() }}", {}, node), {}, node)
