"""Record what readers of the published tables may rely on, in docs/contracts.json.

    python -m operations.docs_site.write_contracts            # `make contracts`
    python -m operations.docs_site.write_contracts --check    # part of `make docs`

Additions are recorded. A breaking change is refused unless the model has a new version.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from operations.docs_site.contracts import breaking_changes, contracts, unrecorded
from operations.places import PROJECT_FOLDER, TARGET

RECORD = Path(os.environ.get("CONTRACTS", PROJECT_FOLDER / "docs" / "contracts.json"))


def main() -> str | None:
    """Record or check; return a sentence per fault."""
    try:
        manifest = json.loads((TARGET / "manifest.json").read_text())
    except FileNotFoundError as error:
        return f"No contracts: no {error.filename}. Run make build first."
    recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    faults = breaking_changes(recorded, manifest)
    if "--check" in sys.argv:
        faults = faults or unrecorded(recorded, manifest)
    if faults:
        return "\n".join(faults)
    if "--check" not in sys.argv:
        RECORD.write_text(json.dumps(contracts(manifest), indent=1) + "\n")
    return None


if __name__ == "__main__":
    sys.exit(main())
