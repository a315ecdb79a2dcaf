"""The reference client, spoiled in one way each: every case must be failed by one of these clients at least.

`FAILS` says which cases each of them must fail.
"""

from __future__ import annotations

import json
import os
import socket
import time
from typing import Any

from reference import BadReply, Client, Lost, Outcome, Pending, TooLate, error

FAILS: dict[str, list[str]] = {}


def fails(*cases: str) -> Any:
    """Notes which cases the class below must fail."""

    def note(mutant: type) -> type:
        FAILS[mutant.__name__] = list(cases)
        return mutant

    return note


# Lines


@fails("lines/in-pieces", "lines/64-MiB")
class OneReadIsOneReply(Client):
    def read_line(self, deadline: float) -> bytes:
        return self.receive(deadline).rstrip(b"\n")


@fails("lines/64-MiB")
class DecodesEachRead(Client):
    def receive(self, deadline: float) -> bytes:
        return super().receive(deadline).decode(errors="replace").encode()


@fails("lines/two-at-once", "together/out-of-order")
class ForgetsWhatWasReadTooMuch(Client):
    def read_line(self, deadline: float) -> bytes:
        line = super().read_line(deadline)
        self.buffer.clear()
        return line


@fails("lines/carriage-return", "lines/empty-line")
class RefusesCarriageReturns(Client):
    def parse(self, line: bytes) -> dict[str, Any]:
        if line.endswith(b"\r"):
            raise BadReply("a carriage return")
        return super().parse(line)

    def take(self, line: bytes) -> None:
        if not line.strip():
            raise BadReply("an empty line")
        super().take(line)


@fails("lines/separators-in-reply")
class SplitsLinesLikeUnicode(Client):
    def parse(self, line: bytes) -> dict[str, Any]:
        return super().parse(line.decode().splitlines()[0].encode())


@fails("lines/separators-in-key", "lines/texts")
class EscapesNothing(Client):
    def line_of(self, request: dict[str, Any]) -> bytes:
        if isinstance(request.get("key"), str):
            text = request["key"].encode("latin-1", "replace")
            start = json.dumps({name: value for name, value in request.items() if name != "key"})[
                :-1
            ].encode()
            return start + b',"key":"' + text + b'"}\n'
        return super().line_of(request)


@fails("lines/escapes")
class UnescapesByHand(Client):
    def parse(self, line: bytes) -> dict[str, Any]:
        return super().parse(line.replace(b"\\u0000", b"").replace(b"\\/", b"\\\\/"))


@fails("lines/blanks-and-order", "lines/escapes")
class ExpectsTheIdFirst(Client):
    def parse(self, line: bytes) -> dict[str, Any]:
        if not line.startswith(b'{"id":') and b'"rows"' in line:
            raise BadReply("no id")
        return super().parse(line.replace(b"\\u006e", b"?"))


@fails("lines/64-MiB")
class ShortLines(Client):
    def read_line(self, deadline: float) -> bytes:
        if len(self.buffer) > 1 << 16:
            raise BadReply("a line is longer than 65,536 bytes")
        return super().read_line(deadline)

    def receive(self, deadline: float) -> bytes:
        data = super().receive(deadline)
        if len(self.buffer) + len(data) > 1 << 20:
            raise BadReply("a line is too long")
        return data


@fails("lines/unknown-members")
class RefusesUnknownMembers(Client):
    def outcome_of(self, pending: Pending, reply: dict[str, Any]) -> Outcome:
        if len(reply) > 2 and "errors" not in reply and "more" not in reply:
            return error("protocol_violation", "an unknown member")
        return super().outcome_of(pending, reply)


@fails("lines/unknown-members")
class TakesTheFirstMember(Client):
    def outcome_of(self, pending: Pending, reply: dict[str, Any]) -> Outcome:
        return {"value": next(value for name, value in reply.items() if name != "id")}


@fails("lines/plain", "loads/parent", "loads/describe")
class SendsAnUnknownMember(Client):
    def line_of(self, request: dict[str, Any]) -> bytes:
        return super().line_of({**request, "client": "mine"})


# Loads, options and values


@fails("loads/to-one", "loads/no-rows", "loads/no-keys", "options/count", "pages/empty-page")
class NothingIsNoResult(Client):
    def outcome_of(self, pending: Pending, reply: dict[str, Any]) -> Outcome:
        outcome = super().outcome_of(pending, reply)
        value = outcome.get("value", 1)
        if not value or value == {"rows": [], "more": False}:
            return error("protocol_violation", "an empty result")
        return outcome


@fails(
    "loads/null-key",
    "loads/zero-key",
    "options/limit-and-offset",
    "options/empty-objects",
    "pages/first-page",
    "options/where",
)
class DropsWhatIsFalse(Client):
    def line_of(self, request: dict[str, Any]) -> bytes:
        kept = {name: value for name, value in request.items() if value}
        if kept.get("where"):
            kept["where"] = {name: value for name, value in kept["where"].items() if value}
        return super().line_of(kept)


@fails("loads/text-key")
class MakesNumbersOfDigits(Client):
    def request_of(self, call: dict[str, Any]) -> dict[str, Any]:
        request = super().request_of(call)
        key = request.get("key")
        if isinstance(key, str):
            request["key"] = int(key or 0)
        return request


@fails("loads/composite-key", "loads/composite-keys")
class JoinsCompositeKeys(Client):
    def request_of(self, call: dict[str, Any]) -> dict[str, Any]:
        request = super().request_of(call)
        for name in ("key", "keys"):
            value = request.get(name)
            if isinstance(value, list):
                request[name] = json.loads(json.dumps(value).replace("[2024, ", '["2024", '))
        return request


@fails("loads/keys", "loads/one-key-of-several", "batch/results")
class AsksEachKeyOnce(Client):
    def request_of(self, call: dict[str, Any]) -> dict[str, Any]:
        request = super().request_of(call)
        if len(request.get("keys", [])) == 1:
            request["key"] = request.pop("keys")[0]
        elif "keys" in request and not any(isinstance(key, list) for key in request["keys"]):
            request["keys"] = list(dict.fromkeys(request["keys"]))
        return request


@fails("loads/parent", "loads/parents")
class TakesParentsForKeys(Client):
    def request_of(self, call: dict[str, Any]) -> dict[str, Any]:
        request = super().request_of(call)
        names = {"parent": "key", "parents": "keys"}
        return {names.get(name, name): value for name, value in request.items()}


@fails("loads/describe", "loads/describe-unknown", "loads/ping")
class ForgetsTheNameOfAnOperation(Client):
    def request_of(self, call: dict[str, Any]) -> dict[str, Any]:
        request = super().request_of(call)
        if request.get("op") == "describe":
            request.pop("load", None)
        return {**request, "op": "hello"} if call["do"] == "ping" else request


@fails(
    "options/columns",
    "options/where",
    "options/order",
    "options/limit-and-offset",
    "options/include",
    "options/empty-objects",
    "options/all-with-keys",
    "batch/results",
)
class ForgetsOptions(Client):
    def options_of(self, call: dict[str, Any]) -> dict[str, Any]:
        return {}


@fails("options/columns")
class SortsColumns(Client):
    def options_of(self, call: dict[str, Any]) -> dict[str, Any]:
        options = super().options_of(call)
        if "columns" in options:
            options["columns"] = sorted(options["columns"])
        return options


@fails("options/empty-objects")
class WritesEmptyObjectsAsLists(Client):
    def line_of(self, request: dict[str, Any]) -> bytes:
        return super().line_of(request).replace(b"{}", b"[]")


@fails("options/count", "options/counts", "errors/count-failed-key")
class CountsByLoading(Client):
    def request_of(self, call: dict[str, Any]) -> dict[str, Any]:
        return super().request_of({**call, "do": "load"} if call["do"] == "count" else call)


@fails("options/counts", "loads/keys", "loads/composite-keys", "loads/parents", "options/all-with-keys")
class TurnsResultsRound(Client):
    def outcome_of_keys(self, pending: Pending, reply: dict[str, Any], results: list[Any]) -> Outcome:
        return super().outcome_of_keys(pending, reply, results[::-1])


@fails("values/kinds")
class GuessesNumbers(Client):
    def parse(self, line: bytes) -> dict[str, Any]:
        return super().parse(line.replace(b'"10.50"', b"10.5").replace(b'"007"', b"7"))


@fails("values/53-bits", "values/big-keys", "values/big-integers")
class NumbersAreSinglePrecision(Client):
    def line_of(self, request: dict[str, Any]) -> bytes:
        key = str(request.get("key"))
        return super().line_of({**request, "key": int(float(key)) + 1} if len(key) > 12 else request)


@fails("values/big-integers")
class NumbersAreDoubles(Client):
    def parse(self, line: bytes) -> dict[str, Any]:
        reply = json.loads(line, parse_int=lambda digits: int(float(digits)))
        return reply if isinstance(reply, dict) else {}


# Pages


@fails(
    "pages/first-page",
    "pages/next-page",
    "pages/before",
    "pages/empty-page",
    "pages/pages-of-keys",
    "pages/page-of-older-daemon",
    "pages/page-refused",
)
class LosesThePosition(Client):
    def options_of(self, call: dict[str, Any]) -> dict[str, Any]:
        options = super().options_of(call)
        options.pop("after", None)
        options.pop("before", None)
        return options


@fails("pages/first-page", "pages/before", "pages/pages-of-keys")
class SaysThatThereIsNoMore(Client):
    def page(self, rows: list[Any], more: bool) -> dict[str, Any]:
        return {"rows": rows, "more": False}


@fails("pages/oldest-daemon")
class InsistsOnMembers(Client):
    def begin(self, calls: list[dict[str, Any]]) -> list[Pending]:
        hello = Pending({"do": "hello"}, {"op": "hello", "id": self.next_id()})
        self.send([hello])
        line = self.read_line(hello.deadline)
        if "members" not in json.loads(line):
            raise SystemExit("hello tells no members")
        self.unanswered.clear()
        return super().begin(calls)


# Errors


@fails(
    "errors/not-retryable",
    "errors/retryable",
    "errors/database-error",
    "errors/database-unavailable",
    "errors/unknown-code",
    "errors/timeout-reply",
    "loads/describe-unknown",
    "pages/page-refused",
)
class OneErrorForAll(Client):
    def error_of(self, members: dict[str, Any]) -> Outcome:
        return error("error", members["message"])


@fails("errors/not-retryable")
class AsksAgainAfterEachError(Client):
    def outcome_of(self, pending: Pending, reply: dict[str, Any]) -> Outcome:
        if "error" in reply and self.may_repeat(pending):
            pending.repetitions += 1
            self.send([pending])
            return None  # type: ignore[return-value]
        return super().outcome_of(pending, reply)


@fails("errors/not-retryable", "errors/timeout-reply")
class ClosesAfterEachError(Client):
    def outcome_of(self, pending: Pending, reply: dict[str, Any]) -> Outcome:
        if "error" in reply:
            self.drop()
        return super().outcome_of(pending, reply)


@fails("errors/database-error")
class AllIsRetryable(Client):
    def error_of(self, members: dict[str, Any]) -> Outcome:
        return super().error_of({**members, "retryable": True, "mysql_errno": 0})


@fails("errors/first-failed-key")
class SortsPlacesAsText(Client):
    def first_error(self, errors: dict[int, Outcome]) -> Outcome:
        return errors[int(min(str(place) for place in errors))]


@fails(
    "errors/first-failed-key", "errors/count-failed-key", "batch/error-in-place", "pages/page-of-failed-key"
)
class OverlooksErrorsOfKeys(Client):
    def outcome_of_keys(self, pending: Pending, reply: dict[str, Any], results: list[Any]) -> Outcome:
        return super().outcome_of_keys(pending, {**reply, "errors": {}}, results)


@fails("batch/results", "batch/error-in-place")
class BatchOfRows(Client):
    def outcome_of_keys(self, pending: Pending, reply: dict[str, Any], results: list[Any]) -> Outcome:
        return {"value": results}


@fails("batch/whole-failure")
class EmptyWhereTheBatchFailed(Client):
    def outcome_of(self, pending: Pending, reply: dict[str, Any]) -> Outcome:
        if pending.call["do"] == "batch" and "error" in reply:
            return {"outcomes": [{"value": []} for _ in pending.call["keys"]]}
        return super().outcome_of(pending, reply)


@fails("batch/too-few-results")
class CountsNoResults(Client):
    def outcome_of_keys(self, pending: Pending, reply: dict[str, Any], results: list[Any]) -> Outcome:
        keys = pending.call.get("keys", pending.call.get("parents", []))
        return super().outcome_of_keys(pending, reply, results + [[]] * (len(keys) - len(results)))


# Connections


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


# Time


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
        return super().receive(max(deadline, time.monotonic() + 0.3))


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


# Several at once


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


# Threads, forks and the circuit breaker


@fails("processes/threads")
class OneConnectionForAllThreads(Client):
    def for_thread(self) -> Client:
        return self


@fails("processes/fork")
class UsesTheParentsConnection(Client):
    def leave_parents_connection(self) -> None:
        pass


@fails("processes/fork")
class ShutsTheParentsConnectionDown(Client):
    def leave_parents_connection(self) -> None:
        if self.process != os.getpid() and self.socket:
            self.socket.shutdown(socket.SHUT_RDWR)
        super().leave_parents_connection()


@fails("processes/breaker-after-silence", "processes/breaker-nobody-there")
class BreakerNeverOpens(Client):
    def is_open(self) -> bool:
        return False


@fails("processes/breaker-after-silence", "processes/breaker-nobody-there")
class BreakerStaysOpen(Client):
    def trip(self) -> None:
        self.open_until = time.monotonic() + 3600
