"""What a client may write as an outcome, and how it differs from the expected one. Pure."""

from __future__ import annotations

from typing import Any

from .values import difference, shortened, write

FORMS = ("value", "error", "outcomes")


def fault_of_form(outcome: Any) -> str | None:
    """Says what is wrong with an outcome whatever was expected; None if nothing is."""
    if not isinstance(outcome, dict) or len(outcome) != 1 or next(iter(outcome)) not in FORMS:
        forms = ", ".join(FORMS)
        return f"an outcome is an object with one of the members {forms}, not {shortened(write(outcome))}"
    if "outcomes" in outcome:
        if not isinstance(outcome["outcomes"], list):
            return f"'outcomes' is a list, not {shortened(write(outcome['outcomes']))}"
        return next(filter(None, map(fault_of_form, outcome["outcomes"])), None)
    return _fault_of_error(outcome["error"]) if "error" in outcome else None


def _fault_of_error(error: Any) -> str | None:
    if not isinstance(error, dict):
        return f"'error' is an object, not {shortened(write(error))}"
    for name in ("code", "message"):
        if not isinstance(error.get(name), str) or not error[name]:
            return f"an error has a {name}, which is a text that is not empty: {shortened(write(error))}"
    return None


def difference_of_outcomes(
    expected: dict[str, Any], actual: dict[str, Any], where: str = "the outcome"
) -> str | None:
    """Compares values exactly, and of an error the members that the expected one names."""
    if "$one_of" in expected:
        found = [difference_of_outcomes(one, actual, where) for one in expected["$one_of"]]
        return None if None in found else f"neither of what may be: {'; '.join(filter(None, found))}"
    form = next(iter(expected))
    if form not in actual:
        return f'{where} is {shortened(write(actual))}, not of the form {{"{form}":…}}'
    if form == "outcomes":
        return _difference_of_several(expected["outcomes"], actual["outcomes"], where)
    if form == "error":
        named = {name: member for name, member in actual["error"].items() if name in expected["error"]}
        return difference(expected["error"], named, f"{where}.error")
    return difference(expected["value"], actual["value"], f"{where}.value")


def _difference_of_several(expected: Any, actual: Any, where: str) -> str | None:
    if len(expected) != len(actual):
        return f"{where} has {len(actual)} outcomes, not {len(expected)}"
    places = range(len(expected))
    found = (difference_of_outcomes(expected[i], actual[i], f"{where}s[{i}]") for i in places)
    return next(filter(None, found), None)
