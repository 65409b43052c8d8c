"""Power cuts in the midst of what changes files."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps


class Killed(BaseException):
    """A power cut."""


def raise_killed() -> None:
    """Stop, so that no handler of errors cleans up."""
    raise Killed


class PowerCut:
    """Counts the calls of the functions that it wraps, and stops before the n-th."""

    def __init__(self, step: int, stop: Callable[[], object] = raise_killed) -> None:
        self.left, self.stop = step, stop

    @property
    def has_come(self) -> bool:
        """Whether it came to the n-th call."""
        return self.left <= 0

    def __call__(self, original: Callable) -> Callable:
        """Wrap a function."""

        @wraps(original)
        def counted(*arguments: object, **named: object) -> object:
            self.left -= 1
            if self.left == 0:
                self.stop()
            return original(*arguments, **named)

        return counted
