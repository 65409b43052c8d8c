"""A PostgreSQL server in a folder of its own, gone when it is left.

For tests and trials. The server refuses to run as root, so root starts it as another.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Where Debian keeps what it does not put on the path.
DEBIAN_FOLDER = Path("/usr/lib/postgresql")
# Durability is for data that must outlive the server.
OPTIONS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off"


def find_binaries() -> Path | None:
    """Return the folder of `initdb` and `pg_ctl`, of the newest version; or None."""
    folders = sorted(DEBIAN_FOLDER.glob("*/bin"), key=lambda folder: float(folder.parent.name))
    if on_path := shutil.which("initdb"):
        folders.insert(0, Path(on_path).resolve().parent)
    usable = [folder for folder in folders if (folder / "initdb").exists()]
    return usable[-1] if usable else None


@contextmanager
def temporary_server(binaries: Path) -> Iterator[dict[str, str]]:
    """Start a server that listens on a socket in its folder.

    Parameters
    ----------
    binaries : Path
        What `find_binaries` found.

    Yields
    ------
    dict of str to str
        The variables of libpq that connect to it as its superuser.
    """
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    password_file, data = folder / "password", folder / "data"
    password = secrets.token_urlsafe(24)
    password_file.write_text(password)
    as_user = _unprivileged_user()
    if as_user:
        for place in (folder, password_file):
            shutil.chown(place, as_user["user"], as_user["group"])

    def run(*command: str) -> None:
        # the log goes to a file, or the server would hold our output open
        done = subprocess.run(
            [str(binaries / command[0]), *command[1:]],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=(folder / "output.txt").open("a"),
            stderr=subprocess.STDOUT,
            check=False,
            **as_user,
        )
        if done.returncode:
            output = (folder / "output.txt").read_text()
            raise RuntimeError(f"{command[0]} failed: {output[-2000:]}")

    try:
        run(
            *("initdb", "--pgdata", str(data), "--username=postgres", "--no-sync"),
            *("--auth=scram-sha-256", f"--pwfile={password_file}"),
            *("--encoding=UTF8", "--locale=C"),
        )
        run(
            *("pg_ctl", "start", "--wait", "--pgdata", str(data)),
            *("--log", str(folder / "server.log")),
            *("--options", f"{OPTIONS} -c unix_socket_directories={folder}"),
        )
        try:
            yield {
                "PGHOST": str(folder),
                "PGPORT": "5432",
                "PGUSER": "postgres",
                "PGPASSWORD": password,
                "PGDATABASE": "postgres",
            }
        finally:
            run("pg_ctl", "stop", "--pgdata", str(data), "--mode=immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged_user() -> dict:
    """Return whom root starts the server as, in the words of `subprocess`."""
    if os.geteuid() != 0:
        return {}
    known = {user.pw_name: user for user in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
