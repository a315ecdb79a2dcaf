"""Plays a case: each kind of step is a method, which does what README.md says of it."""

from __future__ import annotations

import time
from typing import Any

from .cases import Case
from .outcomes import difference_of_outcomes, fault_of_form
from .requests import difference_of_requests, fault_of_timeout
from .server import Request
from .session import CaseFailed, Session
from .values import expand, shortened, write

DRIP_SECONDS = 0.05
MAX_REPETITIONS = 8


class Conversation:
    """How far a case has been played."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._named: dict[str, Request] = {}
        self._latest: Request | None = None
        # Whether calls were begun: their requests may come before the next step asks for them.
        self._has_begun = False

    def play(self, case: Case) -> None:
        """Raises CaseFailed."""
        self._session.read_declaration()
        for step in case.steps:
            self._play_step(expand(step))
        self._session.end()

    def _play_step(self, step: dict[str, Any]) -> None:
        kind = next(iter(step))
        getattr(self, f"_step_{kind}")(step)

    def _step_call(self, step: dict[str, Any]) -> None:
        self._session.note("call", write(step["call"]))
        self._has_begun = step["call"]["do"] == "begin"
        self._session.driver.send(step["call"])
        if "while" in step:
            self._repeat_while(step["call"], step["while"])
        elif "until" in step:
            self._repeat_until(step["call"], step["until"])

    def _repeat_while(self, call: dict[str, Any], code: str) -> None:
        """Makes the call again for as long as its outcome is an error of this code."""
        deadline = time.monotonic() + self._session.patience_s
        while True:
            self._session.wait(
                lambda: self._session.driver.lines or self._session.server.requests, "a request or an outcome"
            )
            if self._session.server.requests or f'"{code}"'.encode() not in self._session.driver.lines[0]:
                return
            if time.monotonic() > deadline:
                raise CaseFailed(
                    f"the outcome is still the error {code} after {self._session.patience_s:g} s"
                )
            self._session.driver.lines.popleft()
            self._session.driver.send(call)

    def _repeat_until(self, call: dict[str, Any], code: str) -> None:
        """Makes the call again, and answers none of its requests, until its outcome is an error of this code.

        A pause of a circuit breaker may be over before a busy machine comes to the next call.
        """
        for _ in range(MAX_REPETITIONS):
            self._session.wait(lambda: self._session.driver.lines, "an outcome")
            self._session.server.requests.clear()
            if f'"{code}"'.encode() in self._session.driver.lines[0]:
                return
            self._session.driver.lines.popleft()
            self._session.driver.send(call)
        raise CaseFailed(f"none of {MAX_REPETITIONS} calls has failed with {code}")

    def _step_request(self, step: dict[str, Any]) -> None:
        expected = step["request"]
        self._session.wait(lambda: self._session.server.requests, f"the request {shortened(write(expected))}")
        request = self._session.server.requests.popleft()
        self._session.note("request", request.line)
        fault = difference_of_requests(expected, request.members) or self._fault_of_place(request, step)
        if not fault and "timeout_ms" in step:
            fault = fault_of_timeout(request.members, step["timeout_ms"])
        if fault:
            raise CaseFailed(fault)
        self._name(request, step.get("as"))

    def _step_requests(self, step: dict[str, Any]) -> None:
        """Several requests, in any order, before any of them has a reply."""
        missing = list(step["requests"])
        while missing:
            self._session.wait(
                lambda: self._session.server.requests,
                f"the request {shortened(write(missing[0]['request']))}",
            )
            request = self._session.server.requests.popleft()
            self._session.note("request", request.line)
            fits = [one for one in missing if not difference_of_requests(one["request"], request.members)]
            if not fits:
                wanted = " or ".join(shortened(write(one["request"])) for one in missing)
                raise CaseFailed(f"the request is none of those that were expected: {wanted}")
            missing.remove(fits[0])
            self._name(request, fits[0]["as"])

    def _step_reply(self, step: dict[str, Any]) -> None:
        request = self._request(step.get("to"))
        line = self._session.server.reply(
            request, step["reply"], step.get("id", "request"), step.get("ending", "\n"), step.get("piece", 0)
        )
        self._session.note(
            "reply", line + ("" if step.get("ending", "\n") == "\n" else f" (ending {step['ending']!r})")
        )

    def _step_send(self, step: dict[str, Any]) -> None:
        """Raw text; `@id@` stands for the request's id."""
        request = self._request(step.get("to"))
        text = step["send"].replace("@id@", write(request.id))
        self._session.note("send", repr(text))
        self._session.server.send(request, text, step.get("piece", 0))

    def _step_drip(self, step: dict[str, Any]) -> None:
        """A character now and then until the client has an outcome, as from a server that is far too slow."""
        request = self._request(step.get("to"))
        text = step["drip"].replace("@id@", write(request.id))
        self._session.note("drip", f"{text!r}, a character every {DRIP_SECONDS} s")
        for character in text:
            if self._session.loop.wait_until(lambda: self._session.driver.lines, DRIP_SECONDS):
                return
            self._session.server.send(request, character)

    def _step_close(self, step: dict[str, Any]) -> None:
        self._session.note("close", "the server closes the connection")
        self._request(step["close"]).connection.close()

    def _step_reset(self, step: dict[str, Any]) -> None:
        self._session.note("reset", "the server breaks the connection")
        self._request(step["reset"]).connection.reset()

    def _step_given_up(self, step: dict[str, Any]) -> None:
        request = self._request(step["given_up"])
        self._session.wait(
            lambda: request.is_given_up, "the client to close the connection, or to send 'cancel' for its id"
        )
        self._session.note("given up", request.line)

    def _step_listen(self, _: dict[str, Any]) -> None:
        self._session.note("listen", "from here on the server is there")
        self._session.server.listen()

    def _step_outcome(self, step: dict[str, Any]) -> None:
        outcome = self._session.next_line(f"the outcome {shortened(write(step['outcome']))}")
        self._session.note("outcome", write(outcome))
        fault = fault_of_form(outcome) or difference_of_outcomes(step["outcome"], outcome)
        if fault:
            raise CaseFailed(fault)
        if not self._has_begun:
            self._session.expect_no_request()

    def _step_either(self, step: dict[str, Any]) -> None:
        """What comes first, a request or an outcome, decides which branch is played."""
        self._session.wait(
            lambda: self._session.server.requests or self._session.driver.lines, "a request or an outcome"
        )
        first = "request" if self._session.server.requests else "outcome"
        for each in next(branch for branch in step["either"] if first in branch[0]):
            self._play_step(each)

    def _fault_of_place(self, request: Request, step: dict[str, Any]) -> str | None:
        """Whether it came on the connection of another request, or on a different one, where that matters."""
        if "on" in step and request.connection is not self._named[step["on"]].connection:
            return "the request came on another connection than before"
        if "not_on" in step and request.connection is self._named[step["not_on"]].connection:
            return "the request came on the connection that belongs to the parent of the fork"
        return None

    def _name(self, request: Request, name: str | None) -> None:
        self._latest = request
        if name:
            self._named[name] = request

    def _request(self, name: Any) -> Request:
        """The request that a step names; without a name the latest."""
        request = self._named[name] if isinstance(name, str) else self._latest
        assert request, "a step before any request"
        return request
