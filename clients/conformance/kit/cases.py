"""The cases: read from JSON files, and checked before anything is started. README.md has their form."""

from __future__ import annotations

import os
from typing import Any

from .driver import CAPABILITIES
from .values import parse

# The members of each kind of step; the first says which kind it is.
STEPS = {
    "call": {"call", "while", "until"},
    "request": {"request", "as", "timeout_ms", "on", "not_on"},
    "requests": {"requests"},
    "reply": {"reply", "to", "id", "ending", "piece"},
    "send": {"send", "to", "piece"},
    "drip": {"drip", "to"},
    "close": {"close"},
    "reset": {"reset"},
    "given_up": {"given_up"},
    "listen": {"listen"},
    "outcome": {"outcome"},
    "either": {"either"},
}
TREATMENTS = {"close", "reset"}


class BadCase(Exception):
    """A case file that is not as README.md says."""


class Case:
    """One case. `name` is that of its file and its own: `time/late-reply`."""

    def __init__(self, subject: str, members: dict[str, Any]) -> None:
        known = {
            "name",
            "about",
            "sentence",
            "needs",
            "steps",
            "connections",
            "on_connect",
            "listening",
            "frozen",
            "hello",
            "patience_s",
        }
        self.name = f"{subject}/{members.get('name')}"
        _check(not set(members) - known, self.name, f"unknown members {sorted(set(members) - known)}")
        try:
            self.about: str = members["about"]
            self.sentence: str = members["sentence"]
            self.steps: list[dict[str, Any]] = members["steps"]
        except KeyError as error:
            raise BadCase(f"{self.name}: {error} is missing") from None
        self.needs: list[str] = members.get("needs", [])
        self.max_connections: int = members.get("connections", 2)
        self.on_connect: list[str] = members.get("on_connect", [])
        self.is_listening: bool = members.get("listening", True)
        self.is_frozen: bool = members.get("frozen", False)
        self.hello: dict[str, Any] = members.get("hello", {})
        self.patience_s: float = members.get("patience_s", 0)
        self._check_members()

    def _check_members(self) -> None:
        unknown = set(self.needs) - set(CAPABILITIES)
        _check(not unknown, self.name, f"needs {sorted(unknown)}, which no client can declare")
        _check(set(self.on_connect) <= TREATMENTS, self.name, f"on_connect takes {sorted(TREATMENTS)}")
        for step in every_step(self.steps):
            kind = next(iter(step), "")
            _check(kind in STEPS, self.name, f"a step begins with one of {', '.join(STEPS)}: {step}")
            _check(set(step) <= STEPS[kind], self.name, f"a step {kind} has other members: {step}")
        self._check_names()

    def _check_names(self) -> None:
        """Every request that a step names is there, and each `either` can decide."""
        steps = every_step(self.steps)
        requests = [one for step in steps for one in step.get("requests", [step])]
        names = {one["as"] for one in requests if "as" in one}
        for step in steps:
            for member in ("to", "close", "reset", "given_up", "on", "not_on"):
                name = step.get(member, True)
                _check(name is True or name in names, self.name, f"there is no request '{name}': {step}")
            firsts = {next(iter(branch[0])) for branch in step.get("either", [])}
            _check(firsts in (set(), {"request", "outcome"}), self.name, "either a request or an outcome")

    @property
    def operations(self) -> list[str]:
        """The operations that the script answers itself, and are not answered aside."""
        requests = [step.get("request") for step in every_step(self.steps)]
        return [request["op"] for request in requests if request and "op" in request]


def every_step(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps, and those of the branches of each `either`."""
    found = []
    for step in steps:
        found.append(step)
        for branch in step.get("either", []):
            found += every_step(branch)
    return found


def _check(holds: bool, name: str, fault: str) -> None:
    if not holds:
        raise BadCase(f"{name}: {fault}")


def load_cases(folder: str) -> list[Case]:
    """Reads all `*.json` files of a folder, in the order of their names. Raises BadCase."""
    cases = []
    for file in sorted(os.listdir(folder)):
        subject, ending = os.path.splitext(file)
        if ending != ".json":
            continue
        with open(os.path.join(folder, file), encoding="utf-8") as opened:
            try:
                cases += [Case(subject, members) for members in parse(opened.read())]
            except ValueError as error:
                raise BadCase(f"{file}: {error}") from None
    names = [case.name for case in cases]
    for name in names:
        _check(names.count(name) == 1, name, "there are two of that name")
    return cases
