"""JSON as the kit reads, writes and compares it. Pure."""

from __future__ import annotations

import json
from typing import Any


def parse(text: str) -> Any:
    """Reads JSON strictly: no member twice, no NaN. Raises ValueError."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise ValueError("an object has a member twice")
        return result

    def constant(name: str) -> Any:
        raise ValueError(f"{name} is no JSON")

    return json.loads(text, object_pairs_hook=members, parse_constant=constant)


def write(value: Any) -> str:
    """Writes JSON on one line; text outside of ASCII stands as it is, U+2028 too."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def shortened(text: str, length: int = 200) -> str:
    return text if len(text) <= length else f"{text[:length]}… ({len(text)} characters)"


def expand(value: Any) -> Any:
    """Replaces `{"$repeat": ["x", 3]}` by "xxx", and `{"$repeat": [["x"], 3]}` by ["x","x","x"]."""
    if isinstance(value, dict):
        if list(value) == ["$repeat"]:
            item, times = value["$repeat"]
            return expand(item) * times
        return {name: expand(member) for name, member in value.items()}
    return [expand(item) for item in value] if isinstance(value, list) else value


def difference(expected: Any, actual: Any, where: str) -> str | None:
    """Says in a sentence how a value differs from the expected one; None if it does not.

    `{"$one_of": [a, b]}` in the expected value stands for any of them, and `{"$any": true}` for any value.
    """
    if isinstance(expected, dict) and list(expected) == ["$any"]:
        return None
    if isinstance(expected, dict) and list(expected) == ["$one_of"]:
        if any(difference(one, actual, where) is None for one in expected["$one_of"]):
            return None
        choices = " or ".join(shortened(write(one)) for one in expected["$one_of"])
        return f"{where} is {shortened(write(actual))}, not {choices}"
    if isinstance(expected, dict) and isinstance(actual, dict):
        return _difference_of_objects(expected, actual, where)
    if isinstance(expected, list) and isinstance(actual, list):
        return _difference_of_lists(expected, actual, where)
    if type(expected) is type(actual) and expected == actual:
        return None
    return f"{where} is {shortened(write(actual))}, not {shortened(write(expected))}"


def _difference_of_objects(expected: dict[str, Any], actual: dict[str, Any], where: str) -> str | None:
    for name, value in expected.items():
        if name not in actual:
            return f"{where} has no member '{name}'"
        found = difference(value, actual[name], f"{where}.{name}")
        if found:
            return found
    extra = [name for name in actual if name not in expected]
    return f"{where} has a member '{extra[0]}' that was not expected" if extra else None


def _difference_of_lists(expected: list[Any], actual: list[Any], where: str) -> str | None:
    if len(expected) != len(actual):
        return f"{where} has {len(actual)} elements, not {len(expected)}"
    for place, (one, other) in enumerate(zip(expected, actual)):
        found = difference(one, other, f"{where}[{place}]")
        if found:
            return found
    return None
