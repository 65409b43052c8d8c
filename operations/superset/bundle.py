"""Dashboards of dashboards.yml, in the form in which Superset imports assets."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import duckdb
import yaml

DASHBOARDS = yaml.safe_load(Path(__file__).with_name("dashboards.yml").read_text(encoding="utf-8"))
# Without them, whoever may write SQL in Superset reads every file of its server.
CLOSED = {"enable_external_access": False, "lock_configuration": True}
VERSION = "1.0.0"


def uuid_of(*names: str) -> str:
    """Return the same id for the same names: an import overwrites what the last one made."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("precision_marketing", *names))))


def bundle(addresses: dict[str, str], file: Path) -> dict[str, str]:
    """Return files to import by name.

    Parameters
    ----------
    addresses : dict of str to str
        Address of the database that each role's charts read.
    file : Path
        Published file, which tells the columns of each query.
    """
    files: dict[str, Any] = {"metadata.yaml": {"type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"}}
    with duckdb.connect(str(file), read_only=True) as connection:
        for role, address in addresses.items():
            is_file = address.startswith("duckdb:")
            connect = {"connect_args": {"config": CLOSED}} if is_file else {}
            files[f"databases/{role}.yaml"] = {
                "database_name": f"Marketing as {role}",
                "sqlalchemy_uri": address,
                "expose_in_sqllab": True,
                "extra": {"engine_params": connect},
                "uuid": uuid_of(role),
            }
            charts = DASHBOARDS[role]["charts"]
            for chart in charts:
                place = f"{role}/{chart['name'].replace(' ', '_')}.yaml"
                columns = connection.sql(chart["query"])
                files[f"datasets/{place}"] = _dataset(
                    role, chart, dict(zip(columns.columns, columns.types, strict=True))
                )
                files[f"charts/{place}"] = _chart(role, chart)
            files[f"dashboards/{role}.yaml"] = _dashboard(role, DASHBOARDS[role]["title"], charts)
    return {name: yaml.safe_dump({**content, "version": VERSION}) for name, content in files.items()}


def _dataset(role: str, chart: dict, columns: dict[str, Any]) -> dict[str, Any]:
    return {
        # with SQLite under it, Superset takes a name only once
        "table_name": f"{chart['name']} ({role})",
        "sql": chart["query"],
        "uuid": uuid_of(role, chart["name"], "dataset"),
        "database_uuid": uuid_of(role),
        "columns": [
            {"column_name": name, "type": str(kind), "is_dttm": str(kind) == "DATE"} for name, kind in columns.items()
        ],
        "metrics": [],
    }


def _chart(role: str, chart: dict) -> dict[str, Any]:
    metrics = [
        {"expressionType": "SQL", "sqlExpression": figure, "label": name} for name, figure in chart["show"].items()
    ]
    form: dict[str, Any] = {"viz_type": chart["as"], "metrics": metrics, "row_limit": 1000}
    if chart["as"] == "table":
        form |= {"query_mode": "aggregate", "groupby": chart["by"]}
    elif chart["as"] == "pie":
        form |= {"metric": metrics[0], "groupby": chart["by"]}
    else:
        form |= {"x_axis": chart["by"][0], "groupby": chart["by"][1:], "show_legend": True}
        # the order of steps is that of their names
        form |= {"x_axis_sort": chart["by"][0], "x_axis_sort_asc": True}
    query = {"columns": chart["by"], "metrics": metrics, "row_limit": 1000}
    return {
        "slice_name": chart["name"],
        "viz_type": chart["as"],
        "params": form,
        "query_context": json.dumps(
            {
                "datasource": {"id": 0, "type": "table"},
                "result_format": "json",
                "result_type": "full",
                "queries": [query],
                "form_data": form,
            }
        ),
        "uuid": uuid_of(role, chart["name"]),
        "dataset_uuid": uuid_of(role, chart["name"], "dataset"),
    }


def _dashboard(role: str, title: str, charts: list[dict]) -> dict[str, Any]:
    """Lay charts out in rows of twelve columns, in their order."""
    rows: list[list[dict]] = [[]]
    for chart in charts:
        if sum(each["size"][0] for each in rows[-1]) + chart["size"][0] > 12:
            rows.append([])
        rows[-1].append(chart)
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {
            "type": "GRID",
            "id": "GRID_ID",
            "parents": ["ROOT_ID"],
            "children": [f"ROW-{number}" for number in range(len(rows))],
        },
    }
    for number, row in enumerate(rows):
        own = [f"CHART-{number}-{place}" for place in range(len(row))]
        position[f"ROW-{number}"] = {
            "type": "ROW",
            "id": f"ROW-{number}",
            "parents": ["ROOT_ID", "GRID_ID"],
            "children": own,
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for name, chart in zip(own, row, strict=True):
            width, height = chart["size"]
            position[name] = {
                "type": "CHART",
                "id": name,
                "parents": ["ROOT_ID", "GRID_ID", f"ROW-{number}"],
                "children": [],
                "meta": {
                    "chartId": 0,
                    "uuid": uuid_of(role, chart["name"]),
                    "sliceName": chart["name"],
                    "width": width,
                    "height": height,
                },
            }
    return {
        "dashboard_title": title,
        "slug": role,
        "published": True,
        "uuid": uuid_of(role, "dashboard"),
        "position": position,
        "metadata": {},
    }
