"""Write report.html of the shop's site: one page that opens from the file, offline.

    python -m operations.report        # `make report`, and part of `make build`

Reads the tables of schema reports in the published file, so that it shows what BI tools
read; SQL has computed them, this only draws. Data, both languages and the library that
draws are inside the page. Written under another name, then renamed into place.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import sys
from pathlib import Path

import duckdb
import jinja2
import pandas as pd
import vl_convert

from operations.places import PUBLISHED_FILE, SITE, shown
from operations.report.sections import SECTIONS, Section
from operations.report.words import LANGUAGES, Words, format_of


def cell(value: object, column: str, words: dict[str, Words]) -> dict:
    """Describe a cell: its value as it is, and how each language shows it."""
    if value is None or value is pd.NA or value is pd.NaT:
        return {"text": "-"}
    if isinstance(value, float) and math.isnan(value):
        return {"text": "-"}
    if isinstance(value, datetime.date):
        return {"text": str(value)[:10]}
    if isinstance(value, str):
        if column.endswith("_id"):
            return {"text": value}
        return {"words": {each: words[each].value(value) for each in words}}
    return {"number": float(value), "format": format_of(column)}


def figure(section: Section, rows: pd.DataFrame, words: dict[str, Words]) -> dict:
    """Draw a section in each language; without rows it is a sentence."""
    name = section.name
    shown = {"name": name, "part": section.part, "columns": section.columns.split()}
    if rows.empty:
        return {**shown, "is_empty": True}
    facts = section.facts(rows)
    specs = {
        language: [
            {"title": title, "spec": chart.to_dict()} for title, chart in section.draw(each.rows(rows), each).items()
        ]
        for language, each in words.items()
    }
    return {
        **shown,
        "specs": specs,
        "finding": {each: words[each].sentence(name, facts) for each in words},
        "cells": [[cell(row[column], column, words) for column in shown["columns"]] for row in rows.to_dict("records")],
    }


def tiles(connection: duckdb.DuckDBPyConnection) -> list[dict]:
    """Sum up the coming week."""
    found = connection.sql("""
        select
            (select sum(user_count) from reports.rpt_segments) as user_count,
            sum(contact_count) as contact_count,
            sum(expected_cost) as expected_cost,
            sum(expected_margin) as expected_margin
        from reports.rpt_next_week
        where plan_status <> 'draft'
    """)
    return [
        {"name": name, "number": float(value or 0), "format": format_of(name)}
        for name, value in zip(found.columns, found.fetchall()[0], strict=True)
    ]


def page(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the page's HTML."""
    words = {language: Words(language) for language in LANGUAGES}
    figures = [figure(each, connection.sql(each.query).df(), words) for each in SECTIONS]
    published = connection.sql(
        "select max(published_at), any_value(source) from publication.published_tables"
    ).fetchall()[0]
    until = connection.sql("select max(as_of_date) from reports.rpt_segments").fetchall()[0][0]
    facts = {"date": str(until or "-"), "published": f"{published[0]:%Y-%m-%d %H:%M}"}
    made = {each: words[each]("page", "made").format(source=published[1], **facts) for each in words}
    drawn = {each["name"]: each["specs"] for each in figures if "specs" in each}
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True)
    return environment.get_template("page.html.j2").render(
        words=words,
        made=made,
        tiles=tiles(connection),
        parts={
            part: [each for each in figures if each["part"] == part]
            for part in dict.fromkeys(each["part"] for each in figures)
        },
        specs=json.dumps(drawn, default=str).replace("</", "<\\/"),
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
