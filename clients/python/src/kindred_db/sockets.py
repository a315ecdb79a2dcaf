"""Sockets to the daemon, and waiting at them with a deadline."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import select
import socket
import time

from .address import Address, TCPAddress, UnixAddress
from .errors import NoReply, Unreachable

# A program may have set SIGPIPE back to its default, which would end it when the daemon has gone.
SEND_FLAGS = getattr(socket, "MSG_NOSIGNAL", 0)

RETRY_PAUSE = 0.01
"""Seconds between two tries while the daemon's queue of new connections is full."""


def connect(address: Address, deadline: float) -> socket.socket:
    """A connected socket that does not block.

    Args:
        address: Where the daemon listens.
        deadline: Until when, by `time.monotonic()`. Looking up a host's name is not bound by it.

    Raises:
        Unreachable: There is nobody, or this account may not connect.
        NoReply: The deadline has passed.
    """
    try:
        if isinstance(address, TCPAddress):
            connection = _connect_tcp(address, deadline)
        else:
            connection = _connect_unix(address, deadline)
    except (TimeoutError, socket.timeout) as error:  # two classes until Python 3.9
        if is_of_a_signal_handler(error) and time.monotonic() < deadline:
            raise
        raise connect_timeout(address) from None
    except OSError as error:
        if is_of_a_signal_handler(error):
            raise
        raise unreachable(address, error) from None
    connection.setblocking(False)
    return connection


def _connect_tcp(address: TCPAddress, deadline: float) -> socket.socket:
    failure: OSError | None = None
    for family, kind, number, _, target in socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM
    ):
        seconds = remaining(address, deadline)  # of the time for all addresses
        connection = socket.socket(family, kind, number)
        try:
            connection.settimeout(seconds)
            prepare_tcp(connection)
            connection.connect(target)
            return connection
        except OSError as error:
            connection.close()
            if is_of_a_signal_handler(error) and time.monotonic() < deadline:
                raise
            failure = error
        except BaseException:
            connection.close()
            raise
    raise failure or OSError(errno.EADDRNOTAVAIL, "the host has no address")


def is_of_a_signal_handler(error: OSError) -> bool:
    """Whether a signal handler of the program has raised it, such as a `TimeoutError` at SIGALRM: what the
    system reports has an error number. (A socket's own time-out has none either.)"""
    return error.errno is None


def _connect_unix(address: UnixAddress, deadline: float) -> socket.socket:
    while True:
        connection = try_connect_unix(address)
        if connection is not None:
            return connection
        time.sleep(min(RETRY_PAUSE, remaining(address, deadline)))


def try_connect_unix(address: UnixAddress) -> socket.socket | None:
    """A connected socket, or None if the daemon's queue of new connections is full at the moment.

    A Unix socket that does not block says EAGAIN then, and cannot be waited for: unix(7), connect(2).
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        result = connection.connect_ex(address.path)
        if result == 0:
            return connection
        connection.close()
        if result == errno.EAGAIN:
            return None
        raise OSError(result, os.strerror(result))
    except BaseException:
        connection.close()
        raise


def prepare_tcp(connection: socket.socket) -> None:
    """Requests go at once, and a host that has vanished without a word is found out."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def remaining(address: Address, deadline: float) -> float:
    """Seconds until the deadline, more than 0.

    Raises:
        NoReply: It has passed.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise connect_timeout(address)
    return seconds


def connect_timeout(address: Address) -> NoReply:
    """What is raised when the daemon takes no connection in time."""
    return NoReply(f"kindred at {address} took no connection in time; it may be stopped or overloaded")


def unreachable(address: Address, error: OSError) -> Unreachable:
    """The error of a connect, with what to do about it."""
    reason = error.strerror or str(error)
    hints = {
        errno.ENOENT: "there is no such socket; is the daemon running?",
        errno.ECONNREFUSED: "nobody listens there; is the daemon running?",
        errno.EACCES: "this account may not connect; is it in the socket's group (kindred)?",
    }
    hint = hints.get(error.errno or 0, "")
    return Unreachable(f"cannot connect to kindred at {address}: {reason}" + (f" ({hint})" if hint else ""))


def wait(connection: socket.socket, writing: bool, seconds: float) -> bool:
    """Waits until the socket can be read from, or written to if `writing`, or the time is over; returns
    whether it can be read from. A connection that has ended can be."""
    try:
        return _poll(connection, writing, seconds)
    except ValueError:  # Another thread has closed it, and its descriptor is -1.
        return True


def _poll(connection: socket.socket, writing: bool, seconds: float) -> bool:
    milliseconds = max(math.ceil(1000 * seconds), 0)
    if not hasattr(select, "poll"):  # on Windows
        readable, _, _ = select.select([connection], [connection] if writing else [], [], milliseconds / 1000)
        return bool(readable)
    poller = select.poll()  # which, unlike select(), takes a descriptor of any number
    poller.register(connection, select.POLLIN | (select.POLLOUT if writing else 0))
    return any(event & ~select.POLLOUT for _, event in poller.poll(milliseconds))


def hang_up(connection: socket.socket) -> None:
    """Closes the connection itself, also where a forked child still holds a descriptor of it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
