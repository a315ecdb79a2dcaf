"""Locks and forks."""

from __future__ import annotations

import os
import threading
from typing import Any
from weakref import WeakKeyDictionary

#: The name of the attribute that has its lock, by owner.
_names: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def lock_of(owner: Any, name: str) -> threading.Lock:
    """A lock for the attribute `name` of `owner`, where a child process finds a new one after a fork: the old
    one may be held by a thread that the child does not have. An owner has one such lock."""
    _names[owner] = name
    return threading.Lock()


def _renew() -> None:
    for owner, name in list(_names.items()):
        setattr(owner, name, threading.Lock())


# What is registered is never taken back, so that it is done once and not for each lock.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
