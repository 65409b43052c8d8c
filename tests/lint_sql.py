"""Lints the SQL that was not found good before: `python tests/lint_sql.py models demo_shop`.

sqlfluff compiles each model with dbt, and takes about a second for it. A file is good
until it, a macro or a setting changes.
"""

from __future__ import annotations

import gc
import hashlib
import sys
from pathlib import Path
from typing import Any

from sqlfluff.cli.commands import cli
from sqlfluff.utils.reflow.sequence import ReflowSequence

GOOD = Path("target/tests/good_sql.txt")
SETTINGS = (".sqlfluff", "dbt_project.yml", "requirements.lock", "tests/lint_sql.py")
# Plain SQL, which dbt does not compile.
PLAIN = Path("demo_shop")


class OneSequence(ReflowSequence):
    """The layout of a file, which four rules ask for, made once: it takes half of the time."""

    last: tuple[Any, ReflowSequence] | None = None
    make = ReflowSequence.from_root

    @classmethod
    def from_root(cls, root_segment: Any, config: Any) -> ReflowSequence:
        """Return the layout of a file; what it was made of is kept, so that no other file takes its place."""
        if cls.last is None or cls.last[0] is not root_segment:
            cls.last = (root_segment, cls.make(root_segment, config))
        return cls.last[1]


# Here, as sqlfluff's processes import this module.
ReflowSequence.from_root = OneSequence.from_root
# A file makes millions of objects, and hardly a circle: garbage is looked for rarely.
gc.set_threshold(200_000, 50, 100)


def lint(files: list[Path], *options: str) -> int:
    """Lint files in two processes; return sqlfluff's exit code."""
    if not files:
        return 0
    command = ["lint", "--processes", "2", "--disable-progress-bar", *options, *map(str, files)]
    try:
        cli(command, prog_name="sqlfluff")
    except SystemExit as done:
        return int(done.code or 0)
    return 0


def main(names: list[str]) -> int:
    """Lint files, and those below folders; return what sqlfluff does."""
    files = [Path(name) for name in names if name.endswith(".sql")]
    files += [file for name in names for file in sorted(Path(name).rglob("*.sql"))]
    macros = sorted(Path("macros").rglob("*.sql"))
    common = b"".join(each.read_bytes() for each in [*map(Path, SETTINGS), *macros])
    hashes = {file: hashlib.sha256(common + file.read_bytes()).hexdigest() for file in files}
    good = set(GOOD.read_text().split()) if GOOD.exists() else set()
    left = [file for file, its_hash in hashes.items() if its_hash not in good]
    plain = [file for file in left if PLAIN in file.parents]
    code = lint([file for file in left if file not in plain]) or lint(plain, "--templater", "raw")
    if not code:
        GOOD.parent.mkdir(parents=True, exist_ok=True)
        GOOD.write_text("\n".join(sorted(good | set(hashes.values()))))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
