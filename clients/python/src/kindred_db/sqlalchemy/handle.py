"""What `attach` returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .report import Refusal, Stats

if TYPE_CHECKING:
    from .answering import Answerer
    from .daemon import Daemon


class AttachError(Exception):
    """The engine and the client do not go together; the text says why and what to do."""


class Handle:
    """An engine's loads, as far as they are answered by kindred.

    Attributes:
        engine: The engine, of an AsyncEngine the one inside.
    """

    def __init__(self, engine: Any, answerer: Answerer | None, daemon: Daemon | None) -> None:
        self.engine = engine
        self._answerer = answerer
        self._daemon = daemon
        self._undo: list[Callable[[], None]] = []

    @property
    def is_attached(self) -> bool:
        """False after `detach`, and where the line of SQLAlchemy is unknown."""
        return bool(self._undo)

    @property
    def stats(self) -> Stats:
        """Counts since `attach`, at this moment."""
        return self._answerer.report.stats if self._answerer else Stats()

    @property
    def why(self) -> list[Refusal]:
        """The statements that ran as SQL, why, and how often; the most frequent first, at most 200."""
        return self._answerer.report.refusals if self._answerer else []

    @contextmanager
    def bypass(self) -> Iterator[None]:
        """All loads of this thread, or of this asyncio task, run as SQL within the `with` block."""
        if self._answerer is None:
            yield
        else:
            with self._answerer.bypass():
                yield

    def refresh(self) -> None:
        """Has the next load ask the daemon whether its schema has changed, which is otherwise asked every
        `refresh_s` seconds."""
        if self._daemon:
            self._daemon.refresh()

    def detach(self) -> None:
        """Everything runs as SQL from now on. Calling it again does nothing."""
        while self._undo:
            self._undo.pop()()

    def __repr__(self) -> str:
        state = "attached" if self.is_attached else "not attached"
        return f"<kindred_db.sqlalchemy.Handle {state} to {self.engine.url!r}>"
