"""What a client does with the bytes of a line."""

from __future__ import annotations

import json
from typing import Any

from reference import BadReply, Client, Outcome, Pending, error

from .registry import fails


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
