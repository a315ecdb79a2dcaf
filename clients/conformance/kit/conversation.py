"""Plays one case: calls go to the command, requests come to the scripted server, outcomes are compared."""

from __future__ import annotations

import tempfile
import time
from typing import Any, Callable

from .asides import aside_reply
from .cases import Case
from .driver import Driver
from .loop import Loop
from .outcomes import difference_of_outcomes, fault_of_form
from .requests import FormFault
from .server import Request, ScriptedServer
from .values import difference, expand, parse, shortened, write

EXIT_SECONDS = 10.0
DRIP_SECONDS = 0.05
# Members of a request that are the client's own business where a case does not name them.
UNCOMPARED = ("id", "timeout_ms")


class CaseFailed(Exception):
    """What was expected and what came instead; the sentence if it is another than the case's."""

    def __init__(self, text: str, sentence: str | None = None) -> None:
        super().__init__(text)
        self.sentence = sentence


class Conversation:
    """The state of a case that is being played. `transcript` has what was said so far, a line each."""

    def __init__(
        self, case: Case, command: list[str], transport: str, patience_s: float, daemon: str | None = None
    ) -> None:
        """With a daemon's address the client talks to that, and the scripted server has nothing to do."""
        self.transcript: list[str] = []
        self.complaints = ""
        self._case, self._patience_s = case, max(patience_s, case.patience_s)
        self._loop = Loop()
        self._folder = tempfile.TemporaryDirectory(prefix="kindred-kit-")
        self._server = ScriptedServer(self._loop, transport, self._folder.name)
        self._server.answers_aside = self._answer_aside
        self._server.treatments.extend(case.on_connect)
        if case.is_listening and not daemon:
            self._server.listen(accepts=not case.is_frozen)
        self._driver = Driver(self._loop, command, daemon or self._server.address)
        self._named: dict[str, Request] = {}
        self._latest: Request | None = None
        self._has_begun = (
            False  # whether calls were begun, whose requests may come before the next step asks for them
        )

    def play(self) -> None:
        """Raises CaseFailed."""
        try:
            self.read_declaration()
            for step in self._case.steps:
                self._play_step(expand(step))
            self._end()
        finally:
            self.close()

    def close(self) -> None:
        """Ends the command; what it has written to its standard error is in `complaints` from now on."""
        self.complaints = self._driver.stop()
        self._server.close()
        self._loop.close()
        self._folder.cleanup()

    def read_declaration(self) -> dict[str, Any]:
        """The first line of the client's command: who it is, and what it can do."""
        declaration = self._next_line("its first line, which says what the client can do")
        if not isinstance(declaration, dict) or not isinstance(declaration.get("can"), list):
            raise CaseFailed(f'the first line must be {{"client":…,"can":[…]}}, not {write(declaration)}')
        return declaration

    # What a case can say, a method for each kind of step.

    def _play_step(self, step: dict[str, Any]) -> None:
        kind = next(iter(step))
        getattr(self, f"_step_{kind}")(step)

    def _step_call(self, step: dict[str, Any]) -> None:
        self._note("call", write(step["call"]))
        self._has_begun = step["call"]["do"] == "begin"
        self._driver.send(step["call"])
        if "while" in step:
            self._repeat_call(step["call"], step["while"])

    def _repeat_call(self, call: dict[str, Any], code: str) -> None:
        """Makes the call again for as long as its outcome is an error of this code."""
        deadline = time.monotonic() + self._patience_s
        while True:
            self._wait(lambda: self._driver.lines or self._server.requests, "a request or an outcome")
            if self._server.requests or f'"{code}"'.encode() not in self._driver.lines[0]:
                return
            if time.monotonic() > deadline:
                raise CaseFailed(f"the outcome is still the error {code} after {self._patience_s:g} s")
            self._driver.lines.popleft()
            self._driver.send(call)

    def _step_request(self, step: dict[str, Any]) -> None:
        expected = step["request"]
        self._wait(lambda: self._server.requests, f"the request {shortened(write(expected))}")
        request = self._server.requests.popleft()
        self._note("request", request.line)
        fault = self._difference_of_requests(expected, request) or self._fault_of_place(request, step)
        if not fault and "timeout_ms" in step:
            fault = self._fault_of_timeout(request, step["timeout_ms"])
        if fault:
            raise CaseFailed(fault)
        self._name(request, step.get("as"))

    def _step_requests(self, step: dict[str, Any]) -> None:
        """Several requests, in any order, before any of them has a reply."""
        missing = list(step["requests"])
        while missing:
            self._wait(
                lambda: self._server.requests, f"the request {shortened(write(missing[0]['request']))}"
            )
            request = self._server.requests.popleft()
            self._note("request", request.line)
            fits = [one for one in missing if not self._difference_of_requests(one["request"], request)]
            if not fits:
                wanted = " or ".join(shortened(write(one["request"])) for one in missing)
                raise CaseFailed(f"the request is none of those that were expected: {wanted}")
            missing.remove(fits[0])
            self._name(request, fits[0]["as"])

    def _step_reply(self, step: dict[str, Any]) -> None:
        request = self._request(step.get("to"))
        line = self._server.reply(
            request, step["reply"], step.get("id", "request"), step.get("ending", "\n"), step.get("piece", 0)
        )
        self._note(
            "reply", line + ("" if step.get("ending", "\n") == "\n" else f" (ending {step['ending']!r})")
        )

    def _step_send(self, step: dict[str, Any]) -> None:
        """Raw text; `@id@` stands for the request's id."""
        request = self._request(step.get("to"))
        text = step["send"].replace("@id@", write(request.id))
        self._note("send", repr(text))
        self._server.send(request, text, step.get("piece", 0))

    def _step_drip(self, step: dict[str, Any]) -> None:
        """A character now and then until the client has an outcome, as from a server that is far too slow."""
        request = self._request(step.get("to"))
        text = step["drip"].replace("@id@", write(request.id))
        self._note("drip", f"{text!r}, a character every {DRIP_SECONDS} s")
        for character in text:
            if self._loop.wait_until(lambda: self._driver.lines, DRIP_SECONDS):
                return
            self._server.send(request, character)

    def _step_close(self, step: dict[str, Any]) -> None:
        self._note("close", "the server closes the connection")
        self._request(step["close"]).connection.close()

    def _step_reset(self, step: dict[str, Any]) -> None:
        self._note("reset", "the server breaks the connection")
        self._request(step["reset"]).connection.reset()

    def _step_given_up(self, step: dict[str, Any]) -> None:
        request = self._request(step["given_up"])
        self._wait(
            lambda: request.is_given_up, "the client to close the connection, or to send 'cancel' for its id"
        )
        self._note("given up", request.line)

    def _step_listen(self, _: dict[str, Any]) -> None:
        self._note("listen", "from here on the server is there")
        self._server.listen()

    def _step_outcome(self, step: dict[str, Any]) -> None:
        outcome = self._next_line(f"the outcome {shortened(write(step['outcome']))}")
        self._note("outcome", write(outcome))
        fault = fault_of_form(outcome) or difference_of_outcomes(step["outcome"], outcome)
        if fault:
            raise CaseFailed(fault)
        if not self._has_begun:
            self._expect_no_request()

    def _step_either(self, step: dict[str, Any]) -> None:
        """What comes first, a request or an outcome, decides which branch is played."""
        self._wait(lambda: self._server.requests or self._driver.lines, "a request or an outcome")
        first = "request" if self._server.requests else "outcome"
        for each in next(branch for branch in step["either"] if first in branch[0]):
            self._play_step(each)

    # What the steps are made of.

    def _end(self) -> None:
        """The command ends with its input; nothing may be left that no step has asked for."""
        self._driver.end_input()
        if not self._driver.wait_for_exit(EXIT_SECONDS):
            raise CaseFailed("the command does not end although its standard input has ended")
        if self._driver.status != 0:
            raise CaseFailed(f"the command ended with status {self._driver.status}")
        self._server.read_to_the_end(EXIT_SECONDS)
        self._check_faults()
        self._expect_no_request()
        if self._driver.lines:
            raise CaseFailed(
                f"an outcome that nobody asked for: {self._driver.lines[0].decode(errors='replace')}"
            )
        count = len(self._server.connections)
        if count > self._case.max_connections:
            raise CaseFailed(
                f"the client has connected {count} times, at most {self._case.max_connections} are right"
            )

    def _wait(self, condition: Callable[[], Any], what: str) -> None:
        def is_over() -> bool:
            return bool(condition()) or bool(self._server.faults) or self._driver.has_ended_output

        in_time = self._loop.wait_until(is_over, self._patience_s)
        self._check_faults()
        if condition():
            return
        if not in_time:
            raise CaseFailed(f"expected within {self._patience_s:g} s: {what}{self._what_came_instead()}")
        self._driver.wait_for_exit(EXIT_SECONDS)
        raise CaseFailed(f"the command ended (status {self._driver.status}); expected was {what}")

    def _what_came_instead(self) -> str:
        came = [f"the request {shortened(request.line)}" for request in self._server.requests]
        came += [f"the outcome {shortened(line.decode(errors='replace'))}" for line in self._driver.lines]
        return f"; instead came {', '.join(came)}" if came else ""

    def _check_faults(self) -> None:
        if self._server.faults:
            fault: FormFault = self._server.faults[0]
            raise CaseFailed(str(fault), fault.sentence)

    def _expect_no_request(self) -> None:
        if self._server.requests:
            line = shortened(self._server.requests[0].line)
            raise CaseFailed(f"a request that nobody expected, or once more than was right: {line}")

    def _next_line(self, what: str) -> Any:
        self._wait(lambda: self._driver.lines, f"{what} (is the command's output flushed?)")
        line = self._driver.lines.popleft()
        try:
            return parse(line.decode("utf-8"))
        except ValueError as error:
            raise CaseFailed(
                f"the command wrote what is no JSON ({error}): {shortened(repr(line))}"
            ) from None

    def _difference_of_requests(self, expected: dict[str, Any], request: Request) -> str | None:
        named = {
            name: value
            for name, value in request.members.items()
            if name in expected or name not in UNCOMPARED
        }
        return difference(expected, named, "the request")

    def _fault_of_place(self, request: Request, step: dict[str, Any]) -> str | None:
        """Whether it came on the connection of another request, or on a different one, where that matters."""
        if "on" in step and request.connection is not self._named[step["on"]].connection:
            return "the request came on another connection than before"
        if "not_on" in step and request.connection is self._named[step["not_on"]].connection:
            return "the request came on the connection that belongs to the parent of the fork"
        return None

    def _fault_of_timeout(self, request: Request, limit: int) -> str | None:
        timeout = request.members.get("timeout_ms")
        if timeout is None:
            return "the request has no timeout_ms, although the call has one"
        return f"timeout_ms is {timeout}, more than the call's {limit}" if timeout > limit else None

    def _answer_aside(self, request: Request) -> bool:
        operation = request.members.get("op")
        if operation in self._case.operations:
            return False
        reply = aside_reply(request.members, self._case.hello)
        if reply is None:
            return False
        self._note("aside", request.line)
        self._server.reply(request, reply)
        return True

    def _name(self, request: Request, name: str | None) -> None:
        self._latest = request
        if name:
            self._named[name] = request

    def _request(self, name: Any) -> Request:
        """The request that a step names; without a name the latest."""
        request = self._named[name] if isinstance(name, str) else self._latest
        assert request, "a step before any request"
        return request

    def _note(self, what: str, text: str) -> None:
        self.transcript.append(f"{what:<9} {shortened(text, 2000)}")
