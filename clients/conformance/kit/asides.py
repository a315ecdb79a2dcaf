"""Replies to what a client may ask besides the calls of a case, such as whom it talks to. Pure."""

from __future__ import annotations

from typing import Any

from .requests import LOAD_MEMBERS

SCHEMA_VERSION = "092bf2c1d359be2f"
HELLO = {
    "server": "kindred 0.2.0",
    "protocol": 1,
    "operations": ["ping", "hello", "describe", "stats", "cancel"],
    "members": list(LOAD_MEMBERS),
    "schema_version": SCHEMA_VERSION,
}
LIMITS = {
    "keys": 10000,
    "rows": 1000000,
    "include_depth": 8,
    "includes": 256,
    "line_bytes": 1048576,
    "reply_bytes": 67108864,
}
DATABASE = {"name": "shop", "server": "MariaDB 10.11.19", "server_id": "fXdYp7ZWAMMBm0PUMZFJoAcM0o0="}


def aside_reply(request: dict[str, Any], hello: dict[str, Any]) -> dict[str, Any] | None:
    """The reply to `hello`, which a case may give, to `describe`, `ping` or `cancel`; None for all else."""
    operation = request.get("op")
    if operation == "hello":
        return hello or HELLO
    if operation == "describe":
        return {"relationships": [], "database": DATABASE, "schema_version": SCHEMA_VERSION, "limits": LIMITS}
    return {"ping": {"pong": True}, "cancel": {"cancelled": False}}.get(str(operation))
