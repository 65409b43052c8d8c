"""Writes the pages of the site, each a file that needs nothing but its style sheet."""

from __future__ import annotations

import shutil
from collections import Counter
from itertools import groupby
from pathlib import Path

import jinja2

from operations.docs_site.diagram import Diagram
from operations.docs_site.governance import Table, vocabulary
from operations.layers import layer_of, read_layers

TEMPLATES = Path(__file__).with_name("templates")
# File, title and text of the pages beside those of tables; only what exists is linked.
PAGES = (
    ("index.html", "Published tables", "tables by schema, with grain, owner and rows"),
    ("lineage.html", "Column lineage", "from a column to the raw ones, and back"),
    ("entities.html", "Entities", "which table refers to which"),
    ("model_cards.html", "Model cards", "how good each champion is, on what"),
    ("report.html", "Report", "charts of customers, estimators and campaigns"),
    ("dbt.html", "dbt docs", "every model, its SQL, tests and graph"),
)


def environment(site: Path, written: tuple[str, ...] = ()) -> jinja2.Environment:
    """Return templates that know the pages of a site, there or about to be written."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    templates.filters["short"] = lambda column: ".".join(column.split(".")[2:])
    templates.globals["nav"] = [
        {"file": file, "title": title, "text": text}
        for file, title, text in PAGES
        if file in written or (site / file).exists()
    ]
    return templates


def write_style(site: Path) -> None:
    """Write the style sheet that the pages share."""
    site.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(TEMPLATES / "style.css", site / "style.css")


def write_pages(
    site: Path, manifest: dict, tables: list[Table], diagram: Diagram, cards: str, publication: dict | None
) -> None:
    """Write index, entities, model cards and a page per table.

    Parameters
    ----------
    site : Path
        Folder of the pages.
    manifest : dict
        What dbt knows of the project.
    tables : list of Table
        The published tables, by schema.
    diagram : Diagram
        How they refer to each other.
    cards : str
        The model cards, as HTML.
    publication : dict or None
        `published_at`, `git_commit`, `source` and `row_counts` by table, if any.
    """
    write_style(site)
    templates = environment(site, written=("index.html", "entities.html", "model_cards.html"))
    counts = publication["row_counts"] if publication else {}
    templates.globals["rows"] = lambda table: f"{counts[table.place]:,}" if table.place in counts else "not published"
    schemas = [(schema, list(each)) for schema, each in groupby(tables, lambda t: t.schema)]
    pages = {
        "index.html": templates.get_template("index.html").render(
            publication=publication, schemas=schemas, layers=_layers(manifest)
        ),
        "entities.html": templates.get_template("entities.html").render(diagram=diagram),
        "model_cards.html": templates.get_template("model_cards.html").render(cards=cards),
    }
    for table in tables:
        pages[f"{table.place}.html"] = templates.get_template("table.html").render(
            table=table, words=vocabulary(), used=_words(table)
        )
    for file, text in pages.items():
        (site / file).write_text(text)


def write_shops(sites: Path) -> None:
    """Write the page that leads to the pages of each shop built."""
    write_style(sites)
    templates = environment(sites / "none")
    shops = {
        folder.parent.name: [
            {"file": f"{folder.parent.name}/{file}", "title": title, "text": text}
            for file, title, text in PAGES
            if (folder.parent / file).exists()
        ]
        for folder in sorted(sites.glob("*/index.html"))
    }
    page = templates.get_template("shops.html").render(shops=shops)
    (sites / "index.html").write_text(page)


def _layers(manifest: dict) -> list[dict]:
    """Count the models of each folder, in the order in which data flow."""
    layers = read_layers()
    counts = Counter(
        layer.folder
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and (layer := layer_of(node, layers))
    )
    return [{"name": each.folder, "count": counts[each.folder]} for each in layers]


def _words(table: Table) -> set[str]:
    """Return the words that a page uses and must explain."""
    words = {column.pii for column in table.columns}
    for column in table.columns:
        if column.untested:
            words.add(column.untested)
        if not column.ends:
            words.add("absent" if column.absent else "made")
    return words
