"""Clients that do something else than the reference client, and are right as well: they pass every case."""

from __future__ import annotations

import json
import time
from typing import Any

from reference import BadReply, Client, Lost, Outcome, Pending, error


class SaysHelloFirst(Client):
    """Asks whom it talks to on each new connection."""

    def connect(self) -> None:
        super().connect()
        assert self.socket
        deadline = time.monotonic() + min((one.left for one in self.unanswered.values()), default=10.0)
        try:
            self.socket.sendall(self.line_of({"id": "hello", "op": "hello"}))
        except (BrokenPipeError, ConnectionResetError):
            raise Lost() from None
        if "protocol" not in json.loads(self.read_line(deadline)):
            raise BadReply("this is not kindred")


class RetriesWhatIsRetryable(Client):
    """Asks once more where the daemon says that it may help."""

    def outcome_of(self, pending: Pending, reply: dict[str, Any]) -> Outcome | None:
        fault = reply.get("error", {})
        is_final = fault.get("code") in ("timeout", "shutting_down")
        if fault.get("retryable") and not is_final and self.may_repeat(pending):
            pending.repetitions += 1
            self.send([pending])
            return None
        return super().outcome_of(pending, reply)


class RepeatsNoHalfReply(Client):
    """Takes a reply that has begun, and did not end, for a lost one."""

    def lost(self) -> None:
        if self.buffer:
            for pending in self.unanswered.values():
                pending.repetitions += 1
        super().lost()


class HasTextsForIds(Client):
    def next_id(self) -> Any:
        return f"request-{super().next_id()} é\u2028"


class ClosesAtEachTimeout(Client):
    """Closes its connection at a time-out, although others wait on it, and sends their requests again."""

    def give_up(self, late: list[Pending]) -> None:
        for pending in late:
            pending.outcome = error("timeout", "no reply in time", retryable=True)
        self.trip()
        self.lost()


class KnowsEmptyResults(Client):
    """Does not ask for what it knows."""

    def send(self, pendings: list[Pending]) -> None:
        for pending in pendings:
            if pending.request.get("key", "") is None or pending.request.get("keys") == []:
                pending.outcome = {"value": []}
        super().send([pending for pending in pendings if pending.outcome is None])


VARIANTS = [
    SaysHelloFirst,
    RetriesWhatIsRetryable,
    RepeatsNoHalfReply,
    HasTextsForIds,
    ClosesAtEachTimeout,
    KnowsEmptyResults,
]
