"""The cases: read from JSON files, and checked before anything is started. Their form is described in README.md."""
from __future__ import annotations

import os
from typing import Any, Dict, List

from .driver import CAPABILITIES
from .values import expand, parse

# The members of each kind of step; the first says which kind it is.
STEPS = {
    "call": {"call", "while"},
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

    def __init__(self, subject: str, members: Dict[str, Any]) -> None:
        known = {"name", "about", "sentence", "needs", "steps", "connections", "on_connect", "listening", "frozen",
                 "hello", "patience_s"}
        self.name = f"{subject}/{members.get('name')}"
        _check(not set(members) - known, self.name, f"unknown members {sorted(set(members) - known)}")
        try:
            self.about: str = members["about"]
            self.sentence: str = members["sentence"]
            self.steps: List[Dict[str, Any]] = expand(members["steps"])
        except KeyError as error:
            raise BadCase(f"{self.name}: {error} is missing") from None
        self.needs: List[str] = members.get("needs", [])
        self.max_connections: int = members.get("connections", 2)
        self.on_connect: List[str] = members.get("on_connect", [])
        self.is_listening: bool = members.get("listening", True)
        self.is_frozen: bool = members.get("frozen", False)
        self.hello: Dict[str, Any] = members.get("hello", {})
        self.patience_s: float = members.get("patience_s", 0)
        self._check_members()

    def _check_members(self) -> None:
        unknown = set(self.needs) - set(CAPABILITIES)
        _check(not unknown, self.name, f"needs {sorted(unknown)}, which no client can declare")
        _check(set(self.on_connect) <= TREATMENTS, self.name, f"on_connect takes {sorted(TREATMENTS)}")
        for step in every_step(self.steps):
            kind = next((kind for kind in STEPS if kind in step), None)
            _check(kind is not None, self.name, f"this is no step: {step}")
            _check(set(step) <= STEPS[kind or ""], self.name, f"a step {kind} has other members: {step}")

    @property
    def operations(self) -> List[str]:
        """The operations that the script answers itself, and are not answered aside."""
        requests = [step.get("request") for step in every_step(self.steps)]
        return [request["op"] for request in requests if request and "op" in request]


def every_step(steps: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
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


def load_cases(folder: str) -> List[Case]:
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
