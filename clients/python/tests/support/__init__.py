"""Private servers for tests: a database, and a kindred daemon in front of it, in temporary directories.

```
from support import PrivateDaemon, bookshop

with PrivateDaemon(bookshop()) as daemon:
    client = Client(daemon.socket)
```

Everything ends with the program that started it, however that ends.
"""

import sys
from pathlib import Path

# Tests of a checkout test that checkout, whatever is installed.
sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from .daemon import PrivateDaemon, kindred_binary
from .database import PrivateDatabase, bookshop
from .processes import eventually

__all__ = ["PrivateDaemon", "PrivateDatabase", "bookshop", "eventually", "kindred_binary"]
