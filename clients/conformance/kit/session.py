"""What a case is played between: the client's command, and the scripted server that it talks to."""

from __future__ import annotations

import tempfile
from typing import Any, Callable

from .asides import aside_reply
from .cases import Case
from .driver import Driver
from .loop import Loop
from .server import Request, ScriptedServer
from .values import parse, shortened, write

EXIT_SECONDS = 10.0


class CaseFailed(Exception):
    """What was expected and what came instead; the sentence if it is another than the case's."""

    def __init__(self, text: str, sentence: str | None = None) -> None:
        super().__init__(text)
        self.sentence = sentence


class Session:
    """A started command and its server, until `close`. `transcript` has what was said so far, a line each."""

    def __init__(
        self, case: Case, command: list[str], transport: str, patience_s: float, daemon: str | None = None
    ) -> None:
        """With a daemon's address the command talks to that, and the scripted server has nothing to do."""
        self.transcript: list[str] = []
        self.complaints = ""
        self.patience_s = max(patience_s, case.patience_s)
        self._case = case
        self.loop = Loop()
        self._folder = tempfile.TemporaryDirectory(prefix="kindred-kit-")
        self.server = ScriptedServer(self.loop, transport, self._folder.name)
        self.server.answers_aside = self._answer_aside
        self.server.treatments.extend(case.on_connect)
        if case.is_listening and not daemon:
            self.server.listen(accepts=not case.is_frozen)
        self.driver = Driver(self.loop, command, daemon or self.server.address)

    def close(self) -> None:
        """Ends the command; what it has written to its standard error is in `complaints` from now on."""
        self.complaints = self.driver.stop()
        self.server.close()
        self.loop.close()
        self._folder.cleanup()

    def note(self, what: str, text: str) -> None:
        self.transcript.append(f"{what:<9} {shortened(text, 2000)}")

    def read_declaration(self) -> dict[str, Any]:
        """The first line of the command: who it is, and what it can do. Raises CaseFailed."""
        declaration = self.next_line("its first line, which says what the client can do")
        if not isinstance(declaration, dict) or not isinstance(declaration.get("can"), list):
            raise CaseFailed(f'the first line must be {{"client":…,"can":[…]}}, not {write(declaration)}')
        return declaration

    def next_line(self, what: str) -> Any:
        """The JSON of the next line that the command writes, waited for. Raises CaseFailed."""
        self.wait(lambda: self.driver.lines, f"{what} (is the command's output flushed?)")
        line = self.driver.lines.popleft()
        try:
            return parse(line.decode("utf-8"))
        except ValueError as error:
            what_came = shortened(repr(line))
            raise CaseFailed(f"the command wrote what is no JSON ({error}): {what_came}") from None

    def wait(self, condition: Callable[[], Any], what: str) -> None:
        """Waits until the condition holds, as long as the case's patience lasts. Raises CaseFailed."""

        def is_over() -> bool:
            return bool(condition()) or bool(self.server.faults) or self.driver.has_ended_output

        in_time = self.loop.wait_until(is_over, self.patience_s)
        self._check_faults()
        if condition():
            return
        if not in_time:
            raise CaseFailed(f"expected within {self.patience_s:g} s: {what}{self._what_came_instead()}")
        self.driver.wait_for_exit(EXIT_SECONDS)
        raise CaseFailed(f"the command ended (status {self.driver.status}); expected was {what}")

    def expect_no_request(self) -> None:
        """Raises CaseFailed where a request is left."""
        if self.server.requests:
            line = shortened(self.server.requests[0].line)
            raise CaseFailed(f"a request that nobody expected, or once more than was right: {line}")

    def end(self) -> None:
        """The command ends with its input, and nothing may be left that no step has asked for.

        Raises CaseFailed.
        """
        self.driver.end_input()
        if not self.driver.wait_for_exit(EXIT_SECONDS):
            raise CaseFailed("the command does not end although its standard input has ended")
        if self.driver.status != 0:
            raise CaseFailed(f"the command ended with status {self.driver.status}")
        self.server.read_to_the_end(EXIT_SECONDS)
        self._check_faults()
        self.expect_no_request()
        if self.driver.lines:
            line = shortened(self.driver.lines[0].decode(errors="replace"))
            raise CaseFailed(f"an outcome that nobody asked for: {line}")
        count, most = len(self.server.connections), self._case.max_connections
        if count > most:
            raise CaseFailed(f"the client has connected {count} times, at most {most} are right")

    def _what_came_instead(self) -> str:
        came = [f"the request {shortened(request.line)}" for request in self.server.requests]
        came += [f"the outcome {shortened(line.decode(errors='replace'))}" for line in self.driver.lines]
        return f"; instead came {', '.join(came)}" if came else ""

    def _check_faults(self) -> None:
        for fault in self.server.faults:
            raise CaseFailed(str(fault), fault.sentence)

    def _answer_aside(self, request: Request) -> bool:
        """Answers what belongs to no step of the case; says whether it has."""
        if request.members.get("op") in self._case.operations:
            return False
        reply = aside_reply(request.members, self._case.hello)
        if reply is None:
            return False
        self.note("aside", request.line)
        self.server.reply(request, reply)
        return True
