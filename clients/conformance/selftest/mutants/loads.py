"""What a client sends of a load, and what it makes of the result."""

from __future__ import annotations

import json
from typing import Any

from reference import Client, Outcome, Pending, error

from .registry import fails


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
