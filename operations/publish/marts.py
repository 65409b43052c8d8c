"""What is published: the marts with a contract."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mart:
    """A table to publish."""

    schema: str
    name: str
    columns: tuple[str, ...]
    is_optional: bool = False

    @property
    def place(self) -> str:
        """Return schema and name, as SQL has them."""
        return f"{self.schema}.{self.name}"


def published_marts(manifest: dict) -> list[Mart]:
    """List the models with a contract, less the vault's and those marked otherwise."""
    return sorted(
        (
            Mart(
                node["schema"],
                node["alias"],
                tuple(node["columns"]),
                # `make backtest` alone builds it
                is_optional="full_grid" in node["tags"],
            )
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model"
            and node["config"]["materialized"] != "view"
            and node["config"]["contract"]["enforced"]
            and node["database"] != "vault"
            and node["config"]["meta"].get("published", True)
        ),
        key=lambda mart: mart.place,
    )
