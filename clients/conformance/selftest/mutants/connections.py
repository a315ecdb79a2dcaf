"""What a client does when a connection is lost, or carries nonsense."""

from __future__ import annotations

import socket
import time
from typing import Any

from reference import BadReply, Client, Lost, Outcome, Pending, TooLate, error

from .registry import fails


@fails(
    "connections/lost-when-idle",
    "connections/lost-before-reply",
    "connections/reset-before-reply",
    "together/lost-in-the-middle",
    "together/lost-for-all",
)
class NeverConnectsAgain(Client):
    def may_repeat(self, pending: Pending) -> bool:
        return False


@fails("connections/lost-twice", "connections/closed-at-once", "together/lost-for-all")
class ConnectsAgainAndAgain(Client):
    def may_repeat(self, pending: Pending) -> bool:
        return pending.repetitions < 3


@fails("connections/reset-before-reply")
class TakesAResetForAnError(Client):
    def receive(self, deadline: float) -> bytes:
        assert self.socket
        self.socket.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionResetError:
            raise BadReply("reset") from None
        except socket.timeout:
            raise TooLate() from None
        if not data:
            raise Lost()
        return data


@fails("connections/half-a-reply", "connections/reset-in-reply")
class TakesHalfAReply(Client):
    def read_line(self, deadline: float) -> bytes:
        try:
            return super().read_line(deadline)
        except Lost:
            if not self.buffer:
                raise
            half = b'{"id":%d,"rows":[{"id":33}]}' % self.last_id
            self.drop()
            return half


@fails("connections/nobody-there", "processes/breaker-nobody-there")
class OneErrorForAllConnections(Client):
    def unreachable(self, fault: OSError) -> Outcome:
        return error("connection_lost", str(fault))


@fails("connections/nobody-there", "processes/breaker-nobody-there")
class NeverTriesAgain(Client):
    has_failed = False

    def connect(self) -> None:
        if self.has_failed:
            raise OSError("failed before")
        self.has_failed = True
        super().connect()
        self.has_failed = False


@fails("connections/drain", "together/drain")
class TakesADrainForAResult(Client):
    def error_of(self, members: dict[str, Any]) -> Outcome:
        return {"value": []} if members["code"] == "shutting_down" else super().error_of(members)


@fails("together/drain")
class LeavesAtADrain(Client):
    def outcome_of(self, pending: Pending, reply: dict[str, Any]) -> Outcome:
        if reply.get("error", {}).get("code") == "shutting_down":
            raise BadReply("shutting down", "shutting_down")
        return super().outcome_of(pending, reply)


@fails("connections/too-many-clients", "connections/error-without-id")
class OverlooksErrorsWithoutId(Client):
    def pending_of(self, reply: dict[str, Any]) -> Pending | None:
        return super().pending_of(reply) if "id" in reply else None

    def may_repeat(self, pending: Pending) -> bool:
        return False  # so that the end of the connection does not help it

    def lost(self) -> None:
        time.sleep(max(0.0, min(one.deadline for one in self.unanswered.values()) - time.monotonic()))
        raise TooLate()


@fails("connections/error-without-id")
class KeepsTheConnectionAfterAnErrorWithoutId(Client):
    def broken(self, fault: BadReply) -> None:
        kept, self.socket = self.socket, None
        super().broken(fault)
        self.socket = kept


@fails("connections/no-json", "connections/error-without-id")
class KeepsTheConnectionAfterNonsense(KeepsTheConnectionAfterAnErrorWithoutId):
    pass


@fails(
    "connections/anothers-id",
    "connections/rows-without-id",
    "together/out-of-order",
    "together/one-error",
    "time/late-reply",
    "together/cancel-too-late",
)
class AnswersInOrder(Client):
    def pending_of(self, reply: dict[str, Any]) -> Pending | None:
        if not self.unanswered:
            return None
        return self.unanswered.pop(next(iter(self.unanswered)))

    def close_after_timeout(self) -> None:
        self.unanswered.clear()


@fails("connections/no-json", "connections/no-object")
class SkipsNonsense(Client):
    def take(self, line: bytes) -> None:
        try:
            self.parse(line)
        except BadReply:
            return
        super().take(line)


@fails("connections/no-result")
class NoResultIsEmpty(Client):
    def outcome_of(self, pending: Pending, reply: dict[str, Any]) -> Outcome:
        return {"value": []} if "surprise" in reply else super().outcome_of(pending, reply)
