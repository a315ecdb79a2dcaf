"""SQLAlchemy's lazy loads and `selectinload`, answered by kindred.

```
from kindred_db import Client
from kindred_db.sqlalchemy import attach

engine = create_engine("mysql+mysqldb://…", isolation_level="READ COMMITTED")
handle = attach(engine, Client("/run/kindred/kindred.sock"))
```

It works where SQLAlchemy is about to send a SELECT to the driver. A statement whose structure is that of a
relationship of the daemon is answered with the daemon's rows; whatever is not understood runs as SQL, as
before. `handle.stats` counts both, and `handle.why` says of each statement that ran as SQL why it did.

SQL answers, although kindred could, in a transaction that has written, has called a function that is
none of SQL's own, or keeps a snapshot (any isolation level but READ COMMITTED and AUTOCOMMIT); where a
TIMESTAMP is concerned and the session's time zone is not UTC; when a listener has rewritten the
statement; for an engine of another database; with `schema_translate_map`, the execution option
``kindred=False`` or `handle.bypass()`; and when the daemon does not answer. What is written through a
raw DBAPI cursor cannot be noticed. Attach before the engine is used.

Values are those that the driver gives, also a FLOAT, of which the server's text has six digits. A JSON
column's value is the same, but not the text of it (``1.1`` for ``1.10``).

Who may read is decided by the daemon's account of the database, not by the engine's.
"""

from .attach import attach
from .configuration import toml
from .handle import AttachError, Handle
from .report import Refusal, Stats

__all__ = ["AttachError", "Handle", "Refusal", "Stats", "attach", "toml"]
