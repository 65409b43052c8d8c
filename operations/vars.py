"""Checks the vars of a run against docs/vars.yml, and writes docs/vars.md from both.

python -m operations.vars    # `make vars`
"""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from operations.places import PROJECT, PROJECT_FOLDER

SCHEMA = yaml.safe_load((PROJECT_FOLDER / "docs" / "vars.yml").read_text())
PAGE = PROJECT_FOLDER / "docs" / "vars.md"
# Parts of a var of which the second is at least the first.
ASCENDING = {
    "cluster_counts": ("least", "most"),
    "drift_thresholds": ("watch", "drifted"),
    "review_reading": ("unsure_from", "unsure_until"),
    "weighted_drift_thresholds": ("watch", "drifted"),
}
TYPES = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "object": "a mapping",
    "array": "a list",
    "null": "null",
}


def var_faults(changed: dict[str, Any]) -> list[str]:
    """Say what is wrong with the vars of a run, a sentence each.

    Parameters
    ----------
    changed : dict
        What ``--vars`` sets: each takes the place of the var of dbt_project.yml.
    """
    found = {**PROJECT["vars"], **changed}
    errors = Draft202012Validator(SCHEMA).iter_errors(found)
    return sorted({sentence for error in errors for sentence in _sentences(error)}) or [
        f"Var {name}: expected {first} up to {last}, found {found[name][first]} and {found[name][last]}."
        for name, (first, last) in ASCENDING.items()
        if found[name][first] > found[name][last]
    ]


def _sentences(error: ValidationError) -> Iterator[str]:
    path = [str(step) for step in error.absolute_path]
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        for name in error.instance:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, 1)
                hint = f"Is {near[0]} meant?" if near else f"There are {', '.join(known)}." if path else ""
                yield f"Var {'.'.join([*path, str(name)])}: there is no such var. {hint}".rstrip()
    elif error.validator == "required":
        for name in error.validator_value:
            if name not in error.instance:
                of_name = expected(error.schema["properties"][name])
                yield f"Var {'.'.join([*path, name])}: expected {of_name}, found none."
    else:
        found = json.dumps(error.instance, default=str, ensure_ascii=False)
        yield f"Var {'.'.join(path)}: expected {expected(error.schema)}, found {found}."


def expected(schema: dict) -> str:
    """Say in words what a schema allows."""
    if "$ref" in schema:
        return expected(SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]])
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    bounds = [
        f"{words} {schema[key]}"
        for key, words in (
            ("exclusiveMinimum", "above"),
            ("minimum", "from"),
            ("maximum", "up to"),
            ("exclusiveMaximum", "below"),
        )
        if key in schema
    ]
    if "minimum" in schema and not {"maximum", "exclusiveMaximum"} & set(schema):
        bounds.append("on")
    if "pattern" in schema:
        bounds.append(f"that fits {schema['pattern']}")
    if "minLength" in schema or "minItems" in schema or "minProperties" in schema:
        bounds.append("that is not empty")
    words = " or ".join(TYPES[each] for each in types if each != "null")
    if isinstance(schema.get("items"), dict):
        words += f", each {expected(schema['items'])}{', none twice,' * ('uniqueItems' in schema)}"
    if schema.get("properties"):
        words += f" of {', '.join(schema['properties'])}"
    return " ".join([words, *bounds]) + (" or null" if "null" in types else "")


def page() -> str:
    """Return docs/vars.md: a table of all vars for each section of dbt_project.yml."""
    lines = [
        "# Vars",
        "",
        "Every parameter, its default and what it may be. They stand under `vars:` of dbt_project.yml, with the",
        "reason for each; `--vars '{name: value}'` changes one for a run. A var that is unknown, missing or out of",
        "range stops the run. `make vars` writes this page from dbt_project.yml and docs/vars.yml.",
    ]
    text = (PROJECT_FOLDER / "dbt_project.yml").read_text()
    for line in text[text.index("\nvars:") :].splitlines():
        if section := re.match(r"  # --- (.*) ---$", line):
            lines += ["", f"## {section[1]}", "", "| var | default | expected |", "|---|---|---|"]
        elif var := re.match(r"  (\w+):", line):
            default = PROJECT["vars"][var[1]]
            shown = "see dbt_project.yml" if isinstance(default, dict) else f"`{json.dumps(default)}`"
            lines.append(f"| `{var[1]}` | {shown} | {expected(SCHEMA['properties'][var[1]])} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page())
    sys.stdout.write(f"Wrote {PAGE.relative_to(PROJECT_FOLDER)}.\n")


if __name__ == "__main__":
    main()
