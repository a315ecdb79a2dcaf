"""Where the daemon listens, read from what a caller gives."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Union


@dataclass(frozen=True)
class UnixAddress:
    """A Unix socket in the file system."""

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True)
class TCPAddress:
    """A TCP port of a host, which is a name or an address; an IPv6 address is without its brackets here."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"


Address = Union[UnixAddress, TCPAddress]

# sun_path has 108 bytes on Linux, one of them for the final zero.
_LONGEST_PATH = 107


def parse_address(text: str | os.PathLike[str]) -> Address:
    """Reads `/run/kindred/kindred.sock`, `unix:///run/kindred/kindred.sock` or `tcp://host:port`.

    Raises:
        ValueError: It is none of these.
    """
    address = os.fspath(text)
    if not isinstance(address, str):
        raise TypeError(f"the address must be a text, not {type(address).__name__}")
    if address.startswith("tcp://"):
        return _tcp(address)
    if address.startswith("unix:"):
        address = _unix_path(address)
    elif "://" in address or "/" not in address:
        raise ValueError(
            f"cannot read the address {address!r}: write /path/of/socket, unix:///path or tcp://host:port"
        )
    if len(os.fsencode(address)) > _LONGEST_PATH:
        raise ValueError(
            f"the socket's path {address!r} is longer than the {_LONGEST_PATH} bytes that Unix allows"
        )
    return UnixAddress(address)


def _unix_path(address: str) -> str:
    path = address[len("unix:") :]
    path = path[2:] if path.startswith("//") else path
    if not path.startswith("/"):
        raise ValueError(f"the address {address!r} has no absolute path: write unix:///path/of/socket")
    return path


def _tcp(address: str) -> TCPAddress:
    match = re.fullmatch(r"tcp://(\[[^\]]+\]|[^:/\[\]]+):(\d{1,5})/?", address)
    if not match or not 1 <= int(match[2]) <= 65535:
        raise ValueError(f"cannot read the address {address!r}: write tcp://host:port or tcp://[ipv6]:port")
    return TCPAddress(match[1].strip("[]"), int(match[2]))
