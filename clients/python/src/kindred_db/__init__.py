"""Client of kindred, the daemon that answers many clients' loads of related rows with few IN queries.

```
from kindred_db import Client

db = Client("/run/kindred/kindred.sock", timeout=1.0)
books = db.load("authors.books", 42, order=["-sold"], limit=3)
```

`AsyncClient` is the same for asyncio. All errors are `KindredError`; see `kindred_db.errors`.
"""

from ._version import __version__
from .aio import AsyncClient
from .calls import Page
from .client import Client
from .errors import (
    BadKey,
    BadRequest,
    BadValue,
    Cancelled,
    CircuitOpen,
    ClientClosed,
    ConnectionLost,
    DatabaseError,
    DatabaseUnavailable,
    KindredError,
    NoReply,
    NotSupported,
    Overloaded,
    ProtocolViolation,
    ReplyError,
    ShuttingDown,
    SourceChanged,
    Timeout,
    TooLarge,
    UnknownColumn,
    UnknownName,
    UnknownRelationship,
    Unreachable,
)
from .options import MISSING, CountOptions, LoadOptions, PageOptions
from .pipeline import Pending, Pipeline

__all__ = [
    "MISSING",
    "AsyncClient",
    "BadKey",
    "BadRequest",
    "BadValue",
    "Cancelled",
    "CircuitOpen",
    "Client",
    "ClientClosed",
    "ConnectionLost",
    "CountOptions",
    "DatabaseError",
    "DatabaseUnavailable",
    "KindredError",
    "LoadOptions",
    "NoReply",
    "NotSupported",
    "Overloaded",
    "Page",
    "PageOptions",
    "Pending",
    "Pipeline",
    "ProtocolViolation",
    "ReplyError",
    "ShuttingDown",
    "SourceChanged",
    "Timeout",
    "TooLarge",
    "UnknownColumn",
    "UnknownName",
    "UnknownRelationship",
    "Unreachable",
    "__version__",
]
