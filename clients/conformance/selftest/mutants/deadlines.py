"""What a client does when the time is over."""

from __future__ import annotations

import time
from typing import Any

from reference import Client, Pending

from .registry import fails


@fails(
    "time/silence",
    "time/stopped-daemon",
    "time/drip",
    "time/late-reply",
    "time/rest-of-a-late-reply",
    "time/time-is-shared",
    "together/one-times-out",
    "processes/breaker-after-silence",
)
class WaitsForEver(Client):
    def read_line(self, deadline: float) -> bytes:
        return super().read_line(deadline + 3600)


@fails("time/silence", "time/time-is-shared")
class TellsNoTime(Client):
    def line_of(self, request: dict[str, Any]) -> bytes:
        return super().line_of({name: value for name, value in request.items() if name != "timeout_ms"})


@fails("time/silence", "time/late-reply", "time/time-is-shared")
class AsksAgainAfterATimeout(Client):
    def give_up(self, late: list[Pending]) -> None:
        again = [one for one in late if one.repetitions < 2]
        if not again:
            return super().give_up(late)
        self.drop()
        for pending in again:
            pending.repetitions += 2
            pending.deadline += 0.2
        self.send(again)
        return None


@fails("time/drip")
class ADeadlineForEachRead(Client):
    def receive(self, deadline: float) -> bytes:
        # Longer than a busy machine leaves between two characters.
        return super().receive(max(deadline, time.monotonic() + 3.0))


@fails("time/rest-of-a-late-reply")
class GoesOnInTheMiddleOfALine(Client):
    def close_after_timeout(self) -> None:
        self.unanswered.clear()
        self.buffer.clear()


@fails("time/time-is-shared")
class NewTimeForARepetition(Client):
    def lost(self) -> None:
        for pending in self.unanswered.values():
            pending.deadline += 60
        super().lost()
