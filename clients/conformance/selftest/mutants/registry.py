"""Which cases each spoiled client must fail."""

from __future__ import annotations

from typing import Any

FAILS: dict[str, list[str]] = {}


def fails(*cases: str) -> Any:
    """Notes which cases the class below must fail."""

    def note(mutant: type) -> type:
        FAILS[mutant.__name__] = list(cases)
        return mutant

    return note
