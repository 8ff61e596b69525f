"""Waiting for conditions. Nothing here sleeps longer than the interval between two looks."""

import os
import time

#: Multiplies every time limit; raise it on slow machines and for sanitizer builds.
FACTOR = float(os.environ.get("SLUICE_TIME_FACTOR", "1"))


def limit(seconds: float) -> float:
    return seconds * FACTOR


def until(condition, seconds: float = 10, what: str = "", interval: float = 0.01):
    """The first true value of `condition()`. What it raises counts as false until the time is up."""
    deadline = time.monotonic() + limit(seconds)
    while True:
        error = None
        try:
            value = condition()
            if value:
                return value
        except Exception as caught:  # noqa: BLE001 - reported below
            error = caught
        if time.monotonic() > deadline:
            name = what or getattr(condition, "__name__", "the condition")
            raise AssertionError(f"not within {limit(seconds):g} s: {name}" + (f" ({error!r})" if error else "")) from error
        time.sleep(interval)
