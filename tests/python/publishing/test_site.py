"""The site opens from files: no outside request, no error, readable by all."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from support.builds import PROJECT_FOLDER

from operations.docs_site.pages import write_shops

TARGET = PROJECT_FOLDER / "target"
SITE = TARGET / "site" / "complete_journey"
# dbt's own page, of which only requests are looked at: it complains of icons not drawn.
FOREIGN = {"dbt.html"}
# Of the pages of tables, which are of one template, the longest stand for all.
TABLE_PAGES_SEEN = 3
# axe would fetch style sheets anew, which a browser refuses for files
AXE = {"preload": False, "resultTypes": ["violations"]}
# of the schemes only the colours differ
SCHEMES = {"light": AXE, "dark": AXE | {"runOnly": ["color-contrast"]}}
SERIOUS = {"serious", "critical"}
LOG = "sockets.txt"
# Loaded by Python itself in each process of the guarded run: no connection leaves the
# machine, each attempt is written down. Sockets between processes of ours are files.
GUARD = """
import os, socket
def refuse(self, address, *rest):
    if self.family == socket.AF_UNIX:
        return original(self, address, *rest)
    with open(os.environ["SOCKET_LOG"], "a") as log:
        log.write(f"{address}\\n")
    raise OSError(f"refused: {address}")
original = socket.socket.connect
socket.socket.connect = socket.socket.connect_ex = refuse
def resolve(host, *rest, **named):
    with open(os.environ["SOCKET_LOG"], "a") as log:
        log.write(f"{host}\\n")
    raise OSError(f"refused: {host}")
socket.getaddrinfo = resolve
"""


def missing(what: str) -> None:
    """Skip loudly, or fail where everything must be there."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="module")
def site() -> Path:
    """Return the folder that `make docs` wrote."""
    if not (SITE / "index.html").exists():
        missing(f"SITE NOT CHECKED: no {SITE}/index.html; run make build.")
    return SITE


class Links(HTMLParser):
    """Collects what a page refers to, and the places in it that links can name."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[str] = []
        self.places: set[str] = set()
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href")]
        self.places |= {value or "" for name, value in attrs if name == "id"}


def own_pages(site: Path) -> list[Path]:
    """Return the pages that are ours."""
    pages = [page for page in sorted(site.glob("*.html")) if page.name not in FOREIGN]
    assert len(pages) > 40
    return pages


def seen_pages(site: Path) -> list[Path]:
    """Return the pages to look at in detail: each template, the longest tables."""
    tables = [page for page in own_pages(site) if page.name.count(".") == 2]
    longest = sorted(tables, key=lambda page: -page.stat().st_size)[:TABLE_PAGES_SEEN]
    return [page for page in own_pages(site) if page not in tables] + longest


def opened(browser: Browser, pages: list[Path], **context: object) -> Iterator[Page]:
    """Open pages one after the other, and expect no request but for files, no error."""
    window = browser.new_context(**context)
    strange: list[str] = []
    at: list[str] = []
    window.on(
        "request",
        lambda request: (
            strange.append(request.url) if not request.url.startswith(("file:", "data:", "blob:")) else None
        ),
    )
    page = window.new_page()
    page.on(
        "console",
        lambda message: strange.append(message.text) if message.type == "error" and at[-1] not in FOREIGN else None,
    )
    page.on("pageerror", lambda error: strange.append(str(error)))
    for file in pages:
        at.append(file.name)
        page.goto(file.as_uri(), wait_until="load")
        yield page
        assert strange == [], file.name
    window.close()


def test_no_page_asks_for_anything_but_files(browser: Browser, site: Path) -> None:
    # dbt's own page goes on asking after it has loaded: no page of ours comes after it
    pages = sorted(site.glob("*.html"), key=lambda page: (page.name in FOREIGN, page))
    assert site / "dbt.html" in pages
    for page in opened(browser, pages):
        if page.url.endswith("dbt.html"):
            # its application draws after the page has loaded
            page.wait_for_selector("text=precision_marketing", timeout=60000)
            page.wait_for_timeout(1500)
        else:
            assert page.locator("h1").count() == 1


def test_everybody_can_read_the_pages(browser: Browser, site: Path) -> None:
    wide = {}
    for page in opened(browser, seen_pages(site), color_scheme="light"):
        for scheme, options in SCHEMES.items():
            page.emulate_media(color_scheme=scheme)
            violations = [
                f"{page.url}: {scheme} {violation['id']} {violation['nodes'][0]['target']}"
                for violation in Axe().run(page, options=options).response["violations"]
                if violation["impact"] in SERIOUS
            ]
            assert violations == []
        # a phone scrolls no page sideways
        page.set_viewport_size({"width": 360, "height": 740})
        if (width := page.evaluate("document.documentElement.scrollWidth")) > 360:
            wide[page.url] = width
        page.set_viewport_size({"width": 1280, "height": 720})
    assert wide == {}


def test_the_first_key_leads_past_the_links(browser: Browser, site: Path) -> None:
    for page in opened(browser, [site / "index.html"]):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.url.endswith("#main")


def test_every_link_leads_somewhere(site: Path) -> None:
    pages = {page.name: Links(page) for page in own_pages(site)}
    dead = []
    for name, page in pages.items():
        for link in page.found:
            if link.startswith("data:"):
                continue
            file, _, place = unquote(link).partition("#")
            at = pages.get(file or name)
            # lineage.html finds the column that a link names by its script
            is_there = (site / (file or name)).exists() and (not place or file == "lineage.html" or place in at.places)
            if not is_there:
                dead.append(f"{name}: {link}")
    assert dead == []


def test_the_first_page_leads_to_each_shop(site: Path, tmp_path: Path) -> None:
    links = Links(site.parent / "index.html").found
    assert f"{site.name}/index.html" in links
    assert all((site.parent / link).exists() for link in links if "/" in link)
    # a second shop leaves the first one's pages
    for shop in ("one", "two"):
        (tmp_path / shop).mkdir()
        (tmp_path / shop / "index.html").touch()
        (tmp_path / shop / "report.html").touch()
        write_shops(tmp_path)
    links = Links(tmp_path / "index.html").found
    assert {link for link in links if "/" in link} == {
        f"{shop}/{page}.html" for shop in ("one", "two") for page in ("index", "report")
    }


def test_the_pages_say_what_was_published(site: Path) -> None:
    published = PROJECT_FOLDER / "published" / "precision_marketing.duckdb"
    if not published.exists():
        missing(f"PAGES NOT COMPARED: no {published}; run make build.")
    with duckdb.connect(str(published), read_only=True) as connection:
        counts = connection.execute("select table_name, row_count from publication.published_tables").fetchall()
    assert len(counts) > 40
    for table, count in counts:
        page = (site / f"{table}.html").read_text()
        assert re.search(rf"<dt>Rows</dt><dd>{count:,}</dd>", page), table


def test_from_expected_margin_one_reaches_raw_columns(browser: Browser, site: Path) -> None:
    start = [site / "campaigns.campaign_audience.html"]
    for page in opened(browser, start):
        row = page.locator("#expected_margin")
        row.locator("summary").click()
        assert row.locator("td li").filter(has_text="transactions.").first.is_visible()


@pytest.mark.slow
def test_no_tool_of_the_docs_calls_anybody(site: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(GUARD)
    log = tmp_path / LOG
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DO_NOT_TRACK", "DBT_SEND_ANONYMOUS_USAGE_STATS")
    } | {
        "PYTHONPATH": str(tmp_path),
        "SOCKET_LOG": str(log),
        "HOME": str(tmp_path),
        "DBT_PROFILES_DIR": str(PROJECT_FOLDER / "profiles"),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }
    (tmp_path / "target").mkdir()
    (tmp_path / "parsed").mkdir()
    # so that dbt reads what changed, and nothing else
    shutil.copy(TARGET / "partial_parse.msgpack", tmp_path / "parsed")
    for name in ("catalog.json", "manifest.json", "manifest_of_docs.json"):
        shutil.copyfile(TARGET / name, tmp_path / "target" / name)
    dbt = Path(sys.executable).with_name("dbt")
    commands = [
        [dbt, "--quiet", "parse", "--target-path", tmp_path / "parsed"],
        [sys.executable, "-m", "operations.docs_site"],
        # the guard sees what it should
        [sys.executable, "-c", "import socket; socket.create_connection(('x.y', 1))"],
    ]
    for command in commands:
        assert not log.exists(), log.read_text()
        result = subprocess.run(
            command, cwd=PROJECT_FOLDER, env=environment, capture_output=True, text=True, check=False
        )
        assert (result.returncode == 0) == (command[1] != "-c"), result.stderr
    assert log.read_text() == "x.y\n"
