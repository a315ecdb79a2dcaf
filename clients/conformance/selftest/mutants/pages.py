"""What a client does with positions and pages."""

from __future__ import annotations

import json
from typing import Any

from reference import Client, Pending

from .registry import fails


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
