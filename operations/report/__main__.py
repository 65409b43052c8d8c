"""Write report.html of the shop's site: one page that opens from the file, offline.

    python -m operations.report        # `make report`, and part of `make build`

Reads the tables of schema reports in the published file, so that it shows what BI tools
read; SQL has computed them, this only draws. Data, both languages and the library that
draws are inside the page. Written under another name, then renamed into place.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import sys
from pathlib import Path

import duckdb
import jinja2
import pandas as pd
import vl_convert
from altair.utils.schemapi import debug_mode

from operations.places import PUBLISHED_FILE, SITE, shown
from operations.report.sections import SECTIONS, Section
from operations.report.words import LANGUAGES, Words, format_of


def cell(row: dict, column: str, section: Section, words: dict[str, Words]) -> dict:
    """Describe a cell: its value as it is, and how each language shows it."""
    value = row[column]
    if pd.isna(value):
        if column == section.key:
            value = section.without_key
        elif "user_count" in row and pd.isna(row["user_count"]):
            value = "not shown"
        else:
            return {"text": "-"}
    if isinstance(value, datetime.date):
        return {"text": str(value)[:10]}
    if isinstance(value, str):
        return {"words": {each: row.get(f"{column}_{each}", words[each].value(value, column)) for each in words}}
    return {"number": float(value), "format": format_of(column)}


def figure(section: Section, rows: pd.DataFrame | None, totals: dict, words: dict[str, Words]) -> dict:
    """Draw a section in each language; without rows it is a sentence, without their table another."""
    shown = {"name": section.name, "part": section.part, "columns": section.columns.split()}
    if rows is None:
        return {**shown, "absent": {each: words[each].filled("hidden", "kept_back", totals) for each in words}}
    # rows of too few customers come without figures
    is_hidden = rows["user_count"].isna() if "user_count" in rows else rows.isna().all(axis=1)
    exists = totals.get(section.exists, 0)
    if is_hidden.all():
        kind = ("hidden", section.hidden) if exists else ("empty", section.name)
        if not rows.empty:
            kind = ("hidden", "all")
        return {**shown, "absent": {each: words[each].filled(*kind, totals) for each in words}}
    seen = rows.dropna(subset=[section.key]) if section.key else rows[~is_hidden]
    whole = totals.get(section.whole or section.exists, 0)
    is_part = (
        is_hidden.any()
        or rows[shown["columns"]].isin(["not shown"]).any(axis=None)
        or (section.key and rows[section.key].nunique() < whole)
    )
    facts = section.facts(rows)
    finding = {}
    for language, each in words.items():
        several = facts if isinstance(facts, list) else [(section.name, facts)] if facts else []
        sentences = [each.sentence(*one) for one in several]
        sentences += [each.filled("hidden", "part", totals)] if is_part else []
        finding[language] = ("" if language == "zh" else " ").join(sentences)
    specs = {
        language: [
            {"title": title, "spec": chart.to_dict(validate=False)}
            for title, chart in section.draw(each.rows(seen), each).items()
        ]
        for language, each in words.items()
        if not seen.empty
    }
    return {
        **shown,
        "is_open": section.is_open,
        "specs": specs,
        "finding": finding,
        "cells": [
            [cell(row, column, section, words) for column in shown["columns"]] for row in rows.to_dict("records")
        ],
    }


def rows_of(connection: duckdb.DuckDBPyConnection, query: str) -> duckdb.DuckDBPyRelation | None:
    """Ask the published file; None where it is without the table, as a check of it failed."""
    tables = connection.sql("select table_name from duckdb_tables() where schema_name = 'reports'").fetchall()
    published = {table for (table,) in tables}
    return connection.sql(query) if {*re.findall(r"\breports\.(\w+)", query)} <= published else None


def tiles(connection: duckdb.DuckDBPyConnection, words: dict[str, Words]) -> list[dict]:
    """Sum up the last whole week and the coming one; what is of too few customers has no number."""
    sums = ", ".join(
        f"case when count(*) = count(user_count) then coalesce(sum({name}), 0) end as {name}"
        for name in ("contact_count", "expected_cost", "expected_margin")
    )
    found = []
    # a young shop has no whole week
    for query in (
        "select revenue_amount, margin_amount from reports.rpt_weekly_money"
        " where is_whole_week order by week_starts_on desc limit 1",
        "select left_amount from reports.rpt_week_budget",
        f"select {sums} from reports.rpt_next_week where plan_status <> 'draft'",
        "select user_count from reports.rpt_totals",
    ):
        answer = rows_of(connection, query)
        if answer is None:
            continue
        found += [pair for row in answer.fetchall() for pair in zip(answer.columns, row, strict=True)]
    return [
        {
            "name": name,
            "label": {each: words[each].priced(words[each]("tiles", name), name) for each in words},
            "number": None if value is None else float(value),
            "format": format_of(name),
        }
        for name, value in found
    ]


def page(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the page's HTML."""
    found = connection.sql("""
        select
            * replace (cast(last_order_date as varchar) as last_order_date),
            case when user_count = 0 then guest_order_count else 0 end
                as only_guest_order_count
        from reports.rpt_totals
    """)
    totals = found.df().to_dict("records")[0]
    words = {language: Words(language, totals["currency"]) for language in LANGUAGES}
    figures = []
    # to judge each part of a chart by Vega's schema takes longer than to draw it; tests look at what is drawn
    with debug_mode(False):
        for each in SECTIONS:
            rows = rows_of(connection, each.query)
            figures.append(figure(each, None if rows is None else rows.df(), totals, words))
    published = connection.sql(
        "select max(published_at), any_value(source) from publication.published_tables"
    ).fetchall()[0]
    facts = {**totals, "published": f"{published[0]:%Y-%m-%d %H:%M}", "source": published[1]}
    made = {each: words[each].filled("page", "made", facts) for each in words}
    if totals["converted_currencies"]:
        made = {each: said + words[each].filled("page", "converted", totals) for each, said in made.items()}
    drawn = {each["name"]: each["specs"] for each in figures if each.get("specs")}
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True)
    return environment.get_template("page.html.j2").render(
        words=words,
        made=made,
        footer={each: words[each].filled("page", "footer", totals) for each in words},
        hidden={each: words[each].filled("hidden", "all", totals) for each in words},
        tiles=tiles(connection, words),
        parts={
            part: [each for each in figures if each["part"] == part]
            for part in dict.fromkeys(each["part"] for each in figures)
        },
        # a name can neither end the script that it stands in nor begin a comment
        specs=json.dumps(drawn, default=str).replace("<", "\\u003c"),
        library=vl_convert.javascript_bundle().replace("</script", "<\\/script"),
    )


def main() -> str | None:
    """Write the page; return a sentence when it cannot be."""
    file = PUBLISHED_FILE
    if not file.exists():
        return f"No report was written: no {file}. Run make build first."
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            html = page(connection)
    except duckdb.Error as error:
        cause = str(error).splitlines()[0]
        return f"No report was written: {file} cannot be read for it. {cause}"
    written = SITE / "report.html"
    written.parent.mkdir(parents=True, exist_ok=True)
    writing = written.with_name(f".report.{os.getpid()}.html")
    writing.write_text(html, encoding="utf-8")
    writing.replace(written)
    sys.stdout.write(f"Report   {shown(written)} ({written.stat().st_size / 1e6:.1f} MB)\n")
    return None


if __name__ == "__main__":
    sys.exit(main())
