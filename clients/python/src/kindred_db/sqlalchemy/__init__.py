"""SQLAlchemy's lazy loads and `selectinload`, answered by kindred.

```
from kindred_db import Client
from kindred_db.sqlalchemy import attach

handle = attach(engine, Client("/run/kindred/kindred.sock"))
```

It works where SQLAlchemy is about to send a SELECT to the driver: a statement whose structure is that of a
relationship of the daemon is answered with the daemon's rows. Whatever is not understood runs as SQL.
"""

from .attach import attach
from .handle import AttachError, Handle
from .models import toml
from .report import Refusal, Stats

__all__ = ["AttachError", "Handle", "Refusal", "Stats", "attach", "toml"]
