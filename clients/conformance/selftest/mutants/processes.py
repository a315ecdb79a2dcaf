"""What a client does with threads, forks and the circuit breaker."""

from __future__ import annotations

import os
import socket
import time

from reference import Client

from .registry import fails


@fails("processes/threads")
class OneConnectionForAllThreads(Client):
    def for_thread(self) -> Client:
        return self


@fails("processes/fork")
class UsesTheParentsConnection(Client):
    def leave_parents_connection(self) -> None:
        pass


@fails("processes/fork")
class ShutsTheParentsConnectionDown(Client):
    def leave_parents_connection(self) -> None:
        if self.process != os.getpid() and self.socket:
            self.socket.shutdown(socket.SHUT_RDWR)
        super().leave_parents_connection()


@fails("processes/breaker-after-silence", "processes/breaker-nobody-there")
class BreakerNeverOpens(Client):
    def is_open(self) -> bool:
        return False


@fails("processes/breaker-after-silence", "processes/breaker-nobody-there")
class BreakerStaysOpen(Client):
    def trip(self) -> None:
        self.open_until = time.monotonic() + 3600
