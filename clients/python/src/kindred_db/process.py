"""What a client keeps for one process, and forgets in a forked child."""

from __future__ import annotations

import os

from .breaker import Breaker
from .many import Limits

# What a probe may take, which asks for nothing that takes time.
PROBE_SECONDS = 0.5


class ProcessState:
    """Connections and locks of one process. A child that was forked finds another process id in it, and
    begins a state of its own: descriptors, locks and threads of its parent are not for it to use."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.breaker = Breaker()
        self.limits: Limits | None = None
