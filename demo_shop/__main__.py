"""Makes the synthetic shop: `python -m demo_shop --users 3000 --days 540`."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import duckdb

from demo_shop.shop import default_folder, default_warehouse, make_shop


def main() -> None:
    """Make the shop that the command line asks for, or say what is wrong with it."""
    parser = argparse.ArgumentParser(prog="demo_shop", description=__doc__)
    for name in ("users", "days", "seed", "horizon-days", "history-days"):
        parser.add_argument(f"--{name}", help="default: demo_shop of dbt_project.yml")
    parser.add_argument("--plan", type=Path, help="folder of campaigns and contacts")
    parser.add_argument("--folder", type=Path, default=default_folder())
    parser.add_argument("--warehouse", type=Path, default=default_warehouse())
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stdout)
    try:
        make_shop(**vars(parser.parse_args()))
    except (ValueError, OSError, duckdb.IOException) as error:
        sys.exit(f"demo_shop: {error}")


if __name__ == "__main__":
    main()
