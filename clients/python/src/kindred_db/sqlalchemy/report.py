"""What a handle tells of its work: counts, and for each statement why it was not answered."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, fields
from typing import NamedTuple

from .forks import lock_of


@dataclass
class Stats:
    """Counts since `attach`. `loads` is the sum of `answered`, `bypassed`, `not_understood` and `failed`."""

    #: Loads that were looked at: of relationships, and with ``mode="all"`` every other SELECT, too.
    loads: int = 0
    #: Answered with kindred's rows, from a prefetch or a request of their own.
    answered: int = 0
    #: Of these, the loads whose rows a sibling's load had brought.
    prefetched: int = 0
    #: Run as SQL because kindred has no words for the statement or a value of it, or refuses them for good.
    not_understood: int = 0
    #: Run as SQL because of a rule: own writes, the isolation level, the time zone, another database, …
    bypassed: int = 0
    #: Run as SQL because the daemon did not answer, or answered with an error.
    failed: int = 0
    #: Requests to the daemon that brought rows.
    requests: int = 0
    #: Loads that were run as SQL as well, to compare.
    verified: int = 0
    #: Of these, the loads whose rows differed; SQL's were used.
    mismatched: int = 0


class Refusal(NamedTuple):
    """A statement that ran as SQL."""

    statement: str
    reason: str
    times: int


class Report:
    """Counts, safe for threads and forks, and bounded."""

    def __init__(self, statements: int = 200) -> None:
        self._most = statements
        self._lock = lock_of(self, "_lock")
        self._stats = Stats()
        self._refusals: OrderedDict[tuple[str, str], int] = OrderedDict()

    def count(self, *names: str) -> None:
        with self._lock:
            for name in names:
                setattr(self._stats, name, getattr(self._stats, name) + 1)

    def refuse(self, statement: str, reason: str, name: str) -> None:
        """Counts a load that runs as SQL. The statement that was refused longest ago is forgotten first."""
        self.count("loads", name)
        key = (statement, reason)
        with self._lock:
            self._refusals[key] = self._refusals.pop(key, 0) + 1
            if len(self._refusals) > self._most:
                self._refusals.popitem(last=False)

    @property
    def stats(self) -> Stats:
        with self._lock:
            return Stats(**{field.name: getattr(self._stats, field.name) for field in fields(Stats)})

    @property
    def refusals(self) -> list[Refusal]:
        """The most frequent first."""
        with self._lock:
            listed = [Refusal(statement, reason, n) for (statement, reason), n in self._refusals.items()]
        return sorted(listed, key=lambda refusal: -refusal.times)
