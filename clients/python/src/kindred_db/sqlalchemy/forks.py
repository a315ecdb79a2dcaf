"""Locks and forks."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any


def lock_of(owner: Any, name: str) -> threading.Lock:
    """A lock for the attribute `name` of `owner`, where a child process finds a new one after a fork: the old
    one may be held by a thread that the child does not have."""
    reference = weakref.ref(owner)

    def renew() -> None:
        owner = reference()
        if owner is not None:
            setattr(owner, name, threading.Lock())

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)
    return threading.Lock()
