"""Why a statement is not answered by kindred."""

from __future__ import annotations


class NotAnswered(Exception):
    """The statement runs as SQL, for the reason that the text says.

    `kind` sorts reasons for the statistics: ``"structure"`` for what kindred cannot express, ``"rule"`` for
    what it could answer but must not, ``"value"`` for a value that it cannot give or take, ``"daemon"`` for
    an error of the daemon or no daemon at all.
    """

    def __init__(self, reason: str, kind: str = "structure") -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
