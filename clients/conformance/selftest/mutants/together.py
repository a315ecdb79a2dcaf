"""What a client does with several requests in flight."""

from __future__ import annotations

from typing import Any

from reference import Client, Pending, error

from .registry import fails


@fails(
    "lines/two-at-once",
    "together/out-of-order",
    "together/one-error",
    "together/lost-in-the-middle",
    "together/lost-for-all",
    "together/drain",
    "together/one-times-out",
    "together/cancel",
)
class OneAfterTheOther(Client):
    def begin(self, calls: list[dict[str, Any]]) -> list[Pending]:
        pendings = super().begin(calls[:1])
        self.finish(pendings)
        return pendings + (self.begin(calls[1:]) if len(calls) > 1 else [])


@fails("together/out-of-order", "together/one-error")
class OneIdForAll(Client):
    def next_id(self) -> Any:
        return 1


@fails("together/lost-in-the-middle")
class SendsAllAgain(Client):
    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.all: list[Pending] = []

    def begin(self, calls: list[dict[str, Any]]) -> list[Pending]:
        self.all = super().begin(calls)
        return self.all

    def lost(self) -> None:
        self.unanswered = {one.request["id"]: one for one in self.all}
        for pending in self.all:
            pending.outcome = None
        super().lost()


@fails("together/one-times-out")
class GivesUpSilently(Client):
    def cancel_late(self, late: list[Pending]) -> None:
        pass


@fails("together/cancel", "together/cancel-too-late")
class CancelsNothing(Client):
    def cancel(self, pending: Pending) -> None:
        pending.outcome = error("cancelled", "the caller gave up")


@fails("together/cancel", "together/cancel-too-late")
class CancelsByClosing(Client):
    def cancel(self, pending: Pending) -> None:
        pending.outcome = error("cancelled", "the caller gave up")
        self.drop()
