"""Lints the SQL that was not found good before: `python tests/lint_sql.py models`.

sqlfluff compiles each model with dbt, which takes about a second. A file is good until
it, a macro or a setting changes.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

GOOD = Path("target/tests/good_sql.txt")
SETTINGS = (".sqlfluff", "dbt_project.yml", "requirements.lock")


def main(names: list[str]) -> int:
    """Lint files, and those below folders; return what sqlfluff does."""
    files = [Path(name) for name in names if name.endswith(".sql")]
    files += [file for name in names for file in sorted(Path(name).rglob("*.sql"))]
    macros = sorted(Path("macros").rglob("*.sql"))
    common = b"".join(each.read_bytes() for each in [*map(Path, SETTINGS), *macros])
    hashes = {file: hashlib.sha256(common + file.read_bytes()).hexdigest() for file in files}
    good = set(GOOD.read_text().split()) if GOOD.exists() else set()
    left = [file for file, its_hash in hashes.items() if its_hash not in good]
    if left:
        command = ["sqlfluff", "lint", "--processes", "2", "--disable-progress-bar"]
        code = subprocess.run([*command, *left], check=False).returncode
        if code:
            return code
    GOOD.parent.mkdir(parents=True, exist_ok=True)
    GOOD.write_text("\n".join(sorted(good | set(hashes.values()))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
