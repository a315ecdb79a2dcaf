"""The reference client, spoiled in one way each: every case must be failed by one of these clients at least.

`FAILS` says which cases each of them must fail.
"""

from .connections import *  # noqa: F403
from .deadlines import *  # noqa: F403
from .errors import *  # noqa: F403
from .lines import *  # noqa: F403
from .loads import *  # noqa: F403
from .pages import *  # noqa: F403
from .processes import *  # noqa: F403
from .together import *  # noqa: F403
from .registry import FAILS as FAILS
