"""A private kindred daemon."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from .database import PrivateDatabase
from .processes import GuardedProcess, eventually

_REPOSITORY = Path(__file__).parents[4]


def kindred_binary() -> str:
    """The program under test: `KINDRED_BINARY`, or what was built last in this checkout."""
    given = os.environ.get("KINDRED_BINARY")
    if given:
        return given
    built = [_REPOSITORY / ".build" / kind / "kindred" for kind in ("release", "debug")]
    found = sorted((path for path in built if path.exists()), key=lambda path: path.stat().st_mtime)
    assert found, "there is no kindred: build it, or name it in KINDRED_BINARY"
    return str(found[-1])


class PrivateDaemon:
    """A daemon in front of a private database, at the Unix socket `socket` and at `tcp`, such as
    `tcp://127.0.0.1:40001`, if `with_tcp`.

    Args:
        database: The server.
        name: Which of its databases is served.
        listen: Further lines of the configuration's table `[listen]`.
        settings: Further lines of its table `[database]`, and any tables after it.
        with_tcp: Whether it listens at a TCP port as well.
    """

    def __init__(
        self,
        database: PrivateDatabase,
        name: str = "shop",
        *,
        listen: str = "",
        settings: str = "",
        with_tcp: bool = False,
    ) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="kdd-"))
        self.socket = str(self.directory / "k")
        self.config = self.directory / "kindred.toml"
        self.tcp = f"tcp://127.0.0.1:{free_port()}" if with_tcp else ""
        # An empty password from a file, so that one that happens to be in the environment is not used.
        password = self.directory / "password"
        password.touch(mode=0o600)
        tcp = f'tcp = "{self.tcp[len("tcp://") :]}"' if with_tcp else ""
        self.config.write_text(
            f'[listen]\nunix = "{self.socket}"\n{tcp}\n{listen}\n\n'
            f'[database]\nsocket = "{database.socket}"\nuser = "root"\npassword_file = "{password}"\n'
            f'name = "{name}"\n{settings}\n'
        )
        self._process: GuardedProcess | None = None
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The id of the daemon's process, which `start` changes."""
        return self._running().pid

    @property
    def log(self) -> str:
        """All that the daemon has logged."""
        return (self.directory / "kindred.log").read_text(errors="replace")

    def start(self) -> None:
        """Starts the daemon, and returns when it answers."""
        command = [kindred_binary(), "serve", "--config", str(self.config)]
        self._process = GuardedProcess(command, self.directory / "kindred.log", self.directory)
        eventually(self._answers, "the daemon's first answer")

    def kill(self) -> None:
        """Ends the daemon at once, as a crash would (SIGKILL)."""
        self._running().end(signal.SIGKILL)

    def stop(self) -> None:
        """Ends the daemon in order (SIGTERM): it answers what it owes."""
        self._running().end(signal.SIGTERM)

    def restart(self) -> None:
        """Ends the daemon in order, and starts it again."""
        self.stop()
        self.start()

    def suspend(self) -> None:
        """Freezes the daemon (SIGSTOP): its sockets stay open, and nothing is answered."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets a frozen daemon go on (SIGCONT)."""
        self._running().send_signal(signal.SIGCONT)

    def reload(self) -> None:
        """Has the daemon read its configuration and the schema again (SIGHUP); returns before it has."""
        self._running().send_signal(signal.SIGHUP)

    def ask(self, **request: Any) -> dict[str, Any]:
        """The reply to one request on a connection of its own, without the client under test."""
        with socket.socket(socket.AF_UNIX) as connection, connection.makefile("rb") as replies:
            connection.settimeout(30)
            connection.connect(self.socket)
            connection.sendall(json.dumps(request).encode() + b"\n")
            reply: dict[str, Any] = json.loads(replies.readline())
            return reply

    def close(self) -> None:
        """Ends the daemon and removes its directory."""
        if self._process is not None and not self._process.has_ended:
            self._process.end(signal.SIGKILL)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> PrivateDaemon:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _running(self) -> GuardedProcess:
        assert self._process is not None
        return self._process

    def _answers(self) -> bool:
        if self._running().has_ended:
            raise AssertionError(f"the daemon ended at once; {self._running().tail()}")
        try:
            return self.ask(op="ping") == {"pong": True}
        except (OSError, ValueError):
            return False


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
