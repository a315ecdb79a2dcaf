"""What SQLAlchemy tells of a statement that it is about to execute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Execution:
    """A statement that SQLAlchemy is about to execute: the arguments of the event `do_execute`."""

    cursor: Any
    statement: str
    parameters: Any
    context: Any

    @property
    def text(self) -> str:
        """The statement with one place for a list, however long it is."""
        return str(self.context.compiled.string)

    @property
    def options(self) -> Any:
        return self.context.execution_options

    @property
    def path(self) -> Any:
        """The ORM's path to what is loaded; that of a relationship's load is not the root."""
        return getattr(self.context.compiled.compile_state, "current_path", None)

    @property
    def is_relationship_load(self) -> bool:
        return self.path is not None and not self.path.is_root

    @property
    def streams(self) -> bool:
        """Whether rows are read while others of the connection wait, as with `yield_per`."""
        return bool(self.options.get("stream_results") or self.options.get("yield_per"))

    @property
    def lazy_parent(self) -> Any:
        """The state of the object whose attribute is lazily loaded, or None."""
        options = self.options.get("_sa_orm_load_options")
        if options is None or options._populate_existing:
            return None
        parent = options._lazy_loaded_from
        return parent if parent is not None and parent.session is not None else None
