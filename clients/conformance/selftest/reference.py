"""A client that passes every case, small and for the kit's own tests only.

Each decision that a case is about is a method of its own, so that `mutants` can spoil one at a time.
It sends all requests of a call list, then reads replies until each has an outcome.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from typing import Any

CAPABILITIES = [
    "keys",
    "count",
    "batch",
    "page",
    "parent",
    "describe",
    "ping",
    "big_integers",
    "ids",
    "pipelining",
    "cancel",
    "threads",
    "fork",
    "breaker",
]
DEFAULT_SECONDS = 30.0
RESULTS = ("rows", "row", "results", "count", "counts")
Outcome = dict[str, Any]


class Lost(Exception):
    """The connection has ended."""


class TooLate(Exception):
    """A deadline has passed."""


class BadReply(Exception):
    """What came is no reply; `code` is what the outcome says."""

    def __init__(self, message: str, code: str = "protocol_violation") -> None:
        super().__init__(message)
        self.code = code


def error(code: str, message: str, **members: Any) -> Outcome:
    return {"error": {"code": code, "message": message, **members}}


class Pending:
    """A request that was begun, and its outcome once there is one."""

    def __init__(self, call: dict[str, Any], request: dict[str, Any]) -> None:
        self.call, self.request = call, request
        self.deadline = time.monotonic() + call.get("timeout_ms", 1000 * DEFAULT_SECONDS) / 1000
        self.repetitions = 0
        self.outcome: Outcome | None = None

    @property
    def left(self) -> float:
        """Seconds until its deadline."""
        return self.deadline - time.monotonic()


class Client:
    def __init__(self, address: str) -> None:
        self.address = address
        self.socket: socket.socket | None = None
        self.process = os.getpid()
        self.buffer = bytearray()
        self.last_id = 0
        self.unanswered: dict[Any, Pending] = {}
        self.has_breaker = False
        self.open_until = 0.0

    # Calls

    def run(self, call: dict[str, Any]) -> Outcome:
        return self.finish(self.begin([call]))[0]

    def begin(self, calls: list[dict[str, Any]]) -> list[Pending]:
        self.leave_parents_connection()
        pendings = [Pending(call, self.request_of(call)) for call in calls]
        if self.is_open():
            for pending in pendings:
                pending.outcome = error("circuit_open", "the daemon did not answer a moment ago")
            return pendings
        self.send(pendings)
        return pendings

    def finish(self, pendings: list[Pending]) -> list[Outcome]:
        while any(pending.outcome is None for pending in pendings):
            waiting = [pending for pending in pendings if pending.outcome is None]
            try:
                self.take(self.read_line(min(pending.deadline for pending in waiting)))
            except Lost:
                self.lost()
            except TooLate:
                self.give_up([one for one in waiting if one.deadline <= time.monotonic()])
            except BadReply as fault:
                self.broken(fault)
        return [pending.outcome for pending in pendings if pending.outcome]

    def cancel(self, pending: Pending) -> None:
        if pending.outcome is None:
            self.write({"op": "cancel", "target": pending.request["id"], "id": self.next_id()})
            pending.outcome = error("cancelled", "the caller gave up")

    # Requests

    def request_of(self, call: dict[str, Any]) -> dict[str, Any]:
        """{"do":"load","name":"authors.books","key":42} → {"id":1,"load":"authors.books","key":42}"""
        request = {"id": self.next_id()}
        if call["do"] in ("describe", "ping"):
            request["op"] = call["do"]
            if "name" in call:
                request["load"] = call["name"]
            return request
        request["load"] = call["name"]
        request.update({name: call[name] for name in ("key", "keys", "parent", "parents") if name in call})
        if call["do"] == "count":
            request["count"] = True
        request.update(self.options_of(call))
        return request

    def options_of(self, call: dict[str, Any]) -> dict[str, Any]:
        return dict(call.get("options", {}))

    def next_id(self) -> Any:
        self.last_id += 1
        return self.last_id

    def line_of(self, request: dict[str, Any]) -> bytes:
        return json.dumps(request).encode() + b"\n"

    def timeout_of(self, pending: Pending) -> int:
        return max(1, int(1000 * (pending.deadline - time.monotonic())) - 5)

    def send(self, pendings: list[Pending]) -> None:
        """Sends them; where that fails each has its outcome, or is sent once more."""
        try:
            for pending in pendings:
                if "load" in pending.request and "op" not in pending.request:
                    pending.request["timeout_ms"] = self.timeout_of(pending)
                self.unanswered[pending.request.get("id")] = pending
                self.write(pending.request)
        except Lost:
            self.lost()
        except TooLate:
            self.give_up(pendings)
        except OSError as fault:
            for pending in pendings:
                pending.outcome = self.unreachable(fault)
            self.trip()

    def write(self, request: dict[str, Any]) -> None:
        if self.socket is None:
            self.connect()
        assert self.socket
        try:
            self.socket.sendall(self.line_of(request))
        except (BrokenPipeError, ConnectionResetError):
            raise Lost() from None

    def connect(self) -> None:
        kind, _, place = self.address.partition("://")
        host, _, port = place.rpartition(":")
        self.socket = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
        self.buffer.clear()
        try:
            self.socket.connect(place if kind == "unix" else (host, int(port)))
        except OSError:
            self.drop()
            raise

    def drop(self) -> None:
        if self.socket:
            self.socket.close()
            self.socket = None

    # Replies

    def read_line(self, deadline: float) -> bytes:
        while b"\n" not in self.buffer:
            self.buffer += self.receive(deadline)
        line, _, rest = bytes(self.buffer).partition(b"\n")
        self.buffer = bytearray(rest)
        return line

    def receive(self, deadline: float) -> bytes:
        if self.socket is None:
            raise Lost()
        left = deadline - time.monotonic()
        if left <= 0:
            raise TooLate()
        try:
            self.socket.settimeout(left)
            data = self.socket.recv(1 << 20)
        except socket.timeout:
            raise TooLate() from None
        except ConnectionError:
            raise Lost() from None
        if not data:
            raise Lost()
        return data

    def take(self, line: bytes) -> None:
        """Gives a reply line to the request that it answers."""
        if not line.strip():
            return
        reply = self.parse(line)
        pending = self.pending_of(reply)
        if pending and pending.outcome is None:
            pending.outcome = self.outcome_of(pending, reply)

    def parse(self, line: bytes) -> dict[str, Any]:
        try:
            reply = json.loads(line.decode())
        except ValueError:
            raise BadReply("a line is no JSON") from None
        if not isinstance(reply, dict):
            raise BadReply("a line is no object")
        return reply

    def pending_of(self, reply: dict[str, Any]) -> Pending | None:
        if "id" not in reply:
            code = reply.get("error", {}).get("code", "protocol_violation")
            raise BadReply(reply.get("error", {}).get("message", "a reply without an id"), code)
        return self.unanswered.pop(reply["id"], None)

    def outcome_of(self, pending: Pending, reply: dict[str, Any]) -> Outcome | None:
        if "error" in reply:
            return self.error_of(reply["error"])
        do = pending.call["do"]
        if do == "describe":
            return {"value": reply["relationships"]}
        if do == "ping":
            return {"value": reply["pong"]}
        name = next((name for name in RESULTS if name in reply), None)
        if name is None:
            return error("protocol_violation", "a reply without a result")
        if name in ("results", "counts"):
            return self.outcome_of_keys(pending, reply, reply[name])
        return {"value": self.page(reply["rows"], reply["more"]) if do == "page" else reply[name]}

    def error_of(self, members: dict[str, Any]) -> Outcome:
        return {
            "error": {
                name: members[name]
                for name in ("code", "message", "retryable", "mysql_errno")
                if name in members
            }
        }

    def outcome_of_keys(self, pending: Pending, reply: dict[str, Any], results: list[Any]) -> Outcome:
        if len(results) != len(pending.call.get("keys", pending.call.get("parents", []))):
            return error("protocol_violation", "not as many results as keys")
        if pending.call["do"] == "page":
            results = [self.page(rows, more) for rows, more in zip(results, reply["more"])]
        errors = {int(place): self.error_of(one) for place, one in reply.get("errors", {}).items()}
        if pending.call["do"] == "batch":
            return {
                "outcomes": [errors.get(place, {"value": result}) for place, result in enumerate(results)]
            }
        return self.first_error(errors) if errors else {"value": results}

    def page(self, rows: list[Any], more: bool) -> dict[str, Any]:
        return {"rows": rows, "more": more}

    def first_error(self, errors: dict[int, Outcome]) -> Outcome:
        return errors[min(errors)]

    # Faults

    def lost(self) -> None:
        """Sends what has no reply once more, on a new connection."""
        self.drop()
        waiting = [pending for pending in self.unanswered.values() if pending.outcome is None]
        self.unanswered.clear()
        again = [pending for pending in waiting if self.may_repeat(pending)]
        for pending in waiting:
            if pending not in again:
                pending.outcome = error("connection_lost", "the connection was lost twice")
            pending.repetitions += 1
        if again:
            self.send(again)

    def may_repeat(self, pending: Pending) -> bool:
        return pending.repetitions == 0

    def unreachable(self, fault: OSError) -> Outcome:
        return error("unreachable", f"cannot connect: {fault}", retryable=True)

    def give_up(self, late: list[Pending]) -> None:
        """Closes the connection, or cancels the late ones if others still wait."""
        for pending in late:
            pending.outcome = error("timeout", "no reply in time", retryable=True)
        self.trip()
        if any(pending.outcome is None for pending in self.unanswered.values()):
            self.cancel_late(late)
        else:
            self.close_after_timeout()

    def cancel_late(self, late: list[Pending]) -> None:
        for pending in late:
            self.write({"op": "cancel", "target": pending.request["id"], "id": self.next_id()})

    def close_after_timeout(self) -> None:
        self.drop()
        self.unanswered.clear()

    def broken(self, fault: BadReply) -> None:
        self.drop()
        for pending in self.unanswered.values():
            if pending.outcome is None:
                pending.outcome = error(fault.code, str(fault))
        self.unanswered.clear()

    # Forks, threads and the circuit breaker

    def leave_parents_connection(self) -> None:
        if self.process != os.getpid():
            self.process = os.getpid()
            self.drop()
            self.unanswered.clear()

    def run_in_threads(self, calls: list[dict[str, Any]]) -> Any:
        """Starts a thread for each call, with its own connection. Returns what waits for all outcomes."""
        outcomes: list[Any] = [None] * len(calls)

        def run_one(place: int) -> None:
            outcomes[place] = self.for_thread().run(calls[place])

        threads = [threading.Thread(target=run_one, args=(place,)) for place in range(len(calls))]
        for thread in threads:
            thread.start()

        def wait() -> list[Outcome]:
            for thread in threads:
                thread.join()
            return outcomes

        return wait

    def for_thread(self) -> Client:
        return type(self)(self.address)

    def is_open(self) -> bool:
        return self.has_breaker and time.monotonic() < self.open_until

    def trip(self) -> None:
        self.open_until = time.monotonic() + 0.1
