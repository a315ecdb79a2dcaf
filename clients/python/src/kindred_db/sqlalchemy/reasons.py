"""Why a statement is not answered by kindred."""

from __future__ import annotations

import struct

from sqlalchemy.exc import SQLAlchemyError

from kindred_db import KindredError

#: What a fault of ours can raise. Other exceptions may be those of a signal handler, which end a task.
FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    KindredError,
    SQLAlchemyError,
)


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
