"""The client's command: a process that reads a call and writes an outcome, a line each."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections import deque
from typing import Any

from .loop import READ, Loop
from .values import write

# What a client may say that it can do. A case that needs what it cannot do is skipped.
CAPABILITIES = {
    "keys": "a load or a count of several keys in one request",
    "count": "counts",
    "batch": "results in the order of keys, with an error in a failed key's place",
    "page": "pages by position",
    "parent": "loads by the parent's primary key",
    "describe": "what can be loaded",
    "ping": "a ping",
    "big_integers": "integers beyond 2^53 with all digits, in keys and in results",
    "ids": "each request has an id, and the reply's id is compared with it",
    "pipelining": "several calls at once on one connection",
    "cancel": "gives up a call without closing the connection",
    "threads": "one client object used by several threads at once",
    "fork": "a client object used on both sides of a fork",
    "breaker": "a circuit breaker",
}


class Driver:
    """A started command. Its lines are read as the loop runs; they end at \\n alone."""

    def __init__(self, loop: Loop, command: list[str], address: str) -> None:
        self.lines: deque[bytes] = deque()
        self.has_ended_output = False
        self._loop, self._part = loop, bytearray()
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `stop`)
        self._process = subprocess.Popen(
            [*command, address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout
        self._input, self._output = self._process.stdin, self._process.stdout.fileno()
        os.set_blocking(self._output, False)
        loop.watch(self._output, READ, self._read)

    def send(self, call: Any) -> None:
        try:
            self._input.write(write(call).encode() + b"\n")
            self._input.flush()
        except BrokenPipeError:
            pass  # It has ended: whoever waits for its outcome finds that out, and says so.

    def _read(self, _: int) -> None:
        data = os.read(self._output, 1 << 20)
        if not data:
            self.has_ended_output = True
            self._loop.forget(self._output)
        head, newline, rest = data.partition(b"\n")
        self._part += head
        while newline:
            self.lines.append(bytes(self._part))
            self._part.clear()
            head, newline, rest = rest.partition(b"\n")
            self._part += head

    def end_input(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._input.close()

    def wait_for_exit(self, seconds: float) -> bool:
        return self._loop.wait_until(lambda: self._process.poll() is not None, seconds, poll=0.01)

    @property
    def status(self) -> Any:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def stop(self) -> str:
        """Ends it and whatever it has started. Returns the end of what its standard error has."""
        self._loop.forget(self._output)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.end_input()
        assert self._process.stdout
        self._process.stdout.close()
        self._complaints.seek(0)
        with self._complaints as complaints:
            return complaints.read().decode(errors="replace")[-2000:].strip()
