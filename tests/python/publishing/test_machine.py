"""A build uses what the machine has, or what the environment allows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from operations import machine


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("THREADS", "MEMORY_LIMIT"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_word_all_cores_are_used() -> None:
    assert machine.threads() == os.cpu_count()


@pytest.mark.parametrize(("free_kb", "limit"), [(16 * 2**20, "4096MiB"), (2**20, "1024MiB")])
def test_a_quarter_of_the_free_memory_is_used_but_a_gibibyte_at_least(
    free_kb: int, limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "meminfo"
    file.write_text(f"MemTotal: 99999999 kB\nMemAvailable:   {free_kb} kB\n")
    pattern = machine.MEMORY_FILES["/proc/meminfo"]
    unlimited = tmp_path / "memory.max"
    unlimited.write_text("max\n")
    files = {str(file): pattern, str(unlimited): r"(\d+)"}
    monkeypatch.setattr(machine, "MEMORY_FILES", files)
    assert machine.memory_limit() == limit
    # a container's own limit
    unlimited.write_text(f"{8 * 2**30}\n")
    assert machine.memory_limit() in ("2048MiB", "1024MiB")


def test_the_environment_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADS", "3")
    monkeypatch.setenv("MEMORY_LIMIT", "2GB")
    assert (machine.threads(), machine.memory_limit()) == (3, "2GB")


@pytest.mark.parametrize("given", ["0", "x", "1.5", "-1"])
def test_threads_that_are_no_number_are_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADS", given)
    with pytest.raises(ValueError, match=f"^THREADS: expected a whole number above 0, found '{given}'"):
        machine.threads()


@pytest.mark.parametrize("given", ["lots", "2", "50%"])
def test_memory_that_is_no_size_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMORY_LIMIT", given)
    with pytest.raises(ValueError, match=f"^MEMORY_LIMIT: expected a size such as 2GB, found '{given}'"):
        machine.memory_limit()
