"""Processes that end with the program that started them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

# A shell waits at a pipe that the kernel closes when the program ends; then it kills the process and removes
# its directory. It becomes the process itself, so that their ids are the same.
_GUARDIAN = """
exec 3<&0 </dev/null
{ read -r _ <&3 || { kill -9 $$; [ -z "$0" ] || until rm -rf -- "$0"; do sleep 0.2; done; }; } &
exec "$@" 3<&-
"""


class GuardedProcess:
    """A process whose output goes to the end of a file.

    Args:
        command: A path, and arguments.
        log: The file for its output and errors.
        removing: A directory to be removed if the program ends before the process; None for none.
        environment: Variables beside those of this program.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        removing: Path | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        guardian = ["/bin/sh", "-c", _GUARDIAN, str(removing or ""), *command]
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                guardian,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={**os.environ, **(environment or {})},
                start_new_session=True,  # Ctrl-C reaches the program alone
            )
        self.pid = self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def send_signal(self, number: signal.Signals) -> None:
        """Sends a signal; does nothing if the process has ended."""
        self._process.send_signal(number)

    def wait(self, seconds: float) -> int:
        """The exit status; kills the process if it has not ended in time."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"a process did not end in {seconds} s; {self.tail()}") from None
        finally:
            self._release_guardian()

    def end(self, number: signal.Signals, seconds: float = 20) -> None:
        """Sends a signal and waits for the end."""
        self.send_signal(number)
        self.wait(seconds)

    def tail(self) -> str:
        """The last lines of its output."""
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        return f"the last lines of {self.log}:\n" + "\n".join(lines)

    def _release_guardian(self) -> None:
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(b"\n")
                self._process.stdin.flush()
            self._process.stdin.close()


def eventually(condition: Callable[[], object], what: str = "the condition", seconds: float = 20) -> None:
    """Waits until a condition holds.

    Raises:
        AssertionError: It does not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come about in {seconds} s")
        time.sleep(0.005)
