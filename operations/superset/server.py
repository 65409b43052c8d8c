"""A Superset with its own data in a folder, and its REST API."""

from __future__ import annotations

import http.cookiejar
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
BIN = FOLDER.parents[1] / ".venv-superset" / "bin"
START_SECONDS = 120


class RefusedError(Exception):
    """What Superset answered instead of what was asked for."""


class Superset:
    """The REST API of a running Superset, as its administrator."""

    def __init__(self, url: str, password: str, process: subprocess.Popen):
        self.url = url
        self.password = password
        self.process = process
        self.charts: dict[str, int] = {}
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        # no proxy of the environment: the server is on this machine
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
        self.headers = {"Referer": url}

    def log_in(self, name: str = "admin", password: str = "") -> None:
        """Get the two tokens that later calls need."""
        self.headers = {"Referer": self.url}
        login = {"username": name, "password": password or self.password, "provider": "db"}
        answer = self.call("/security/login", login)
        self.headers["Authorization"] = f"Bearer {answer['access_token']}"
        self.headers["X-CSRFToken"] = self.call("/security/csrf_token/")["result"]

    def call(self, path: str, body: dict | None = None, method: str | None = None) -> dict[str, Any]:
        """Get a path of the API, or post to it where there is a body."""
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            None if body is None else json.dumps(body).encode(),
            # with a type but no body, Superset cannot read the request
            {**self.headers, **({"Content-Type": "application/json"} if body else {})},
            method=method,
        )
        try:
            with self.opener.open(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RefusedError(f"{path}: {error.code} {error.read().decode()[:500]}") from None


@dataclass(frozen=True)
class SetUp:
    """What a Superset is started with.

    Parameters
    ----------
    files : dict of str to str
        Assets to import, by name.
    logins : dict of str to tuple of str and list of str
        Per login its password, and the datasets that it may read.
    closed : list of str
        Logins that may no longer log in.
    secrets : dict of str to str
        The key `key` of sessions and stored addresses, and the administrator's password `admin`.
    """

    files: dict[str, str]
    logins: dict[str, tuple[str, list[str]]]
    closed: list[str]
    secrets: dict[str, str]


@contextmanager
def running_superset(home: Path, given: SetUp, port: int | None = None) -> Iterator[Superset]:
    """Start Superset on 127.0.0.1, with its own data in a folder that may have them already.

    Yields
    ------
    Superset
        Its API, logged in.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = home / "log.txt"
    log.write_text("")
    environment = {
        # less what connects to a server of PostgreSQL
        **{name: value for name, value in os.environ.items() if not name.startswith(("PG", "POSTGRES_"))},
        "FLASK_APP": "superset.app:create_app()",
        "SCARF_ANALYTICS": "false",
        "SUPERSET_CONFIG_PATH": str(FOLDER / "superset_config.py"),
        "SUPERSET_HOME": str(home),
        "SUPERSET_SECRET_KEY": given.secrets["key"],
    }
    for command in (["superset", "db", "upgrade"], ["superset", "init"]):
        _run(command, environment, log)
    asked = {
        "files": given.files,
        "logins": given.logins,
        "closed": given.closed,
        "admin_password": given.secrets["admin"],
    }
    answer = _run(["python", str(FOLDER / "set_up.py")], environment, log, json.dumps(asked))
    port = port or _free_port()
    with log.open("a") as output:
        process = subprocess.Popen(
            [
                *(str(BIN / "gunicorn"), "--bind", f"127.0.0.1:{port}"),
                *("--worker-class", "gthread", "--threads", "4"),
                *("--timeout", "120", "superset.app:create_app()"),
            ],
            cwd=home,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        superset = Superset(f"http://127.0.0.1:{port}", given.secrets["admin"], process)
        superset.charts = json.loads(answer.splitlines()[-1])
        _wait_for(superset, process, log)
        superset.log_in()
        yield superset
    finally:
        process.terminate()
        process.wait()


def _run(command: list[str], environment: dict[str, str], log: Path, given: str = "") -> str:
    with log.open("a") as output:
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=log.parent,
            env=environment,
            input=given,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RefusedError(f"{' '.join(command)} failed: {log.read_text()[-2000:]}")
    return done.stdout


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_for(superset: Superset, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            superset.opener.open(f"{superset.url}/health", timeout=5).close()
            return
        except OSError:
            time.sleep(0.5)
    raise RefusedError(f"Superset did not start: {log.read_text()[-2000:]}")
