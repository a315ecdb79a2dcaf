"""A circuit breaker: after a time-out or a refused connection, calls fail at once for a while.

A frozen daemon so costs one time-out, and not one for each load. The breaker knows no clock and does no I/O:
time is a parameter, in seconds of any monotonic clock.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from .errors import CircuitOpen, KindredError

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0


@dataclass
class _Outage:
    since: float
    """Seconds since the epoch, to be shown."""
    reason: str
    pause: float
    next_probe: float
    """When, by the monotonic clock, a call is let through."""


class Breaker:
    """Closed, it lets everything through. Open, it lets one call through after a pause, the probe; the pause
    grows from 0.1 s to 5 s by doubling, as long as probes fail. Any success closes it.

    A probe of which nothing is heard (its thread was interrupted) counts as failed: when it is let through,
    the time of the next one is set already. Safe to be shared by threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outage: _Outage | None = None

    def admit(self, now: float) -> bool:
        """Whether the call that asks is a probe; False means that all is well.

        Raises:
            CircuitOpen: The call must not be tried now.
        """
        if self._outage is None:
            return False
        with self._lock:
            outage = self._outage
            if outage is None:
                return False
            if now < outage.next_probe:
                raise _circuit_open(outage, now)
            outage.pause = min(2 * outage.pause, LONGEST_PAUSE)
            outage.next_probe = now + outage.pause
            return True

    def failed(self, error: KindredError, now: float) -> None:
        """A call has met a time-out without a word, or could not connect."""
        with self._lock:
            if self._outage is None:
                self._outage = _Outage(time.time(), str(error), FIRST_PAUSE, now + FIRST_PAUSE)
            else:
                # Also calls that were on their way before come here, and must not hurry or delay the probe
                # much.
                self._outage.next_probe = max(self._outage.next_probe, now + FIRST_PAUSE)

    def succeeded(self) -> None:
        """Something came from the daemon."""
        if self._outage is not None:
            with self._lock:
                self._outage = None


def _circuit_open(outage: _Outage, now: float) -> CircuitOpen:
    clock = time.strftime("%H:%M:%S", time.localtime(outage.since))
    error = CircuitOpen(f"not tried: kindred has not answered since {clock} ({outage.reason})")
    error.since = outage.since
    error.reason = outage.reason
    error.retry_after = outage.next_probe - now
    return error
