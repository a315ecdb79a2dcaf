"""Requests: the form that each must have, whatever a case is about, and what a case expects. Pure."""

from __future__ import annotations

from typing import Any

from .values import difference, parse, shortened

MAX_LINE_BYTES = 1 << 20
# Those of loads, as `hello` tells them.
LOAD_MEMBERS = (
    "id",
    "load",
    "key",
    "keys",
    "parent",
    "parents",
    "timeout_ms",
    "columns",
    "where",
    "order",
    "limit",
    "offset",
    "count",
    "include",
    "after",
    "before",
    "source_version",
)
MEMBERS = {*LOAD_MEMBERS, "op", "target"}

# Members that are the client's own business where a case does not name them.
UNCOMPARED = ("id", "timeout_ms")


class FormFault(Exception):
    """A request that no daemon would take, and the sentence of the protocol that says so."""

    def __init__(self, text: str, sentence: str) -> None:
        super().__init__(text)
        self.sentence = sentence


def read_request(line: bytes) -> dict[str, Any]:
    """Reads a request line without its `\\n`. Raises FormFault."""
    one_object = "A message is one JSON object in UTF-8 on one line, ended by `\\n`."
    if len(line) > MAX_LINE_BYTES:
        raise FormFault(f"a request has {len(line)} bytes", "A request may have `limits.line_bytes`, 1 MiB.")
    try:
        members = parse(line.decode("utf-8"))
    except ValueError as error:
        raise FormFault(f"a request is no JSON ({error}): {shortened(repr(line))}", one_object) from None
    if not isinstance(members, dict):
        raise FormFault(f"a request is no object: {shortened(repr(line))}", one_object)
    _check_members(members, shortened(line.decode()))
    return members


def _check_members(members: dict[str, Any], line: str) -> None:
    unknown = [name for name in members if name not in MEMBERS]
    if unknown:
        raise FormFault(
            f"a request has the unknown member '{unknown[0]}': {line}",
            "A request with an unknown member is refused: a silently ignored `wher` would be a wrong answer.",
        )
    if ("load" in members) == ("op" in members) and members.get("op") != "describe":
        raise FormFault(
            f"a request is a load or an operation: {line}", "Every request line gets exactly one reply line"
        )
    if not _is_id(members.get("id")):
        raise FormFault(
            f"an id is an integer of 64 bits or a string of at most 128 bytes: {line}",
            "an integer of 64 bits, signed or not, or a string of at most 128 bytes",
        )
    timeout = members.get("timeout_ms", 1)
    if (
        type(timeout) is not int
        or not 1 <= timeout <= 2147483647
        or ("timeout_ms" in members and "op" in members)
    ):
        raise FormFault(
            f"timeout_ms is not as it must be: {line}",
            "`timeout_ms` is an integer from 1 to 2147483647, and goes with loads only.",
        )


def _is_id(value: Any) -> bool:
    if isinstance(value, str):
        return len(value.encode()) <= 128
    return value is None or (type(value) is int and -(1 << 63) <= value < 1 << 64)


def difference_of_requests(expected: dict[str, Any], members: dict[str, Any]) -> str | None:
    """Says in a sentence how a request differs from the expected one; None if it does not."""
    compared = {name: value for name, value in members.items() if name in expected or name not in UNCOMPARED}
    return difference(expected, compared, "the request")


def fault_of_timeout(members: dict[str, Any], limit_ms: int) -> str | None:
    """Says what is wrong with the `timeout_ms` of a call that has so much time; None if nothing is."""
    timeout = members.get("timeout_ms")
    if timeout is None:
        return "the request has no timeout_ms, although the call has one"
    return f"timeout_ms is {timeout}, more than the call's {limit_ms}" if timeout > limit_ms else None
