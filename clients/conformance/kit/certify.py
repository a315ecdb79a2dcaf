"""Runs cases against a client's command and makes verdicts of them."""

from __future__ import annotations

from typing import Any

from .cases import Case
from .conversation import Conversation
from .driver import CAPABILITIES
from .report import FAILED, PASSED, SKIPPED, Verdict
from .session import CaseFailed, Session

NOTHING = Case("kit", {"name": "declaration", "about": "", "sentence": "", "steps": []})


class BadCommand(Exception):
    """The command cannot be started, or does not say what it can do."""


def read_declaration(command: list[str], patience_s: float) -> dict[str, Any]:
    """Starts the command once, for its first line. Raises BadCommand."""
    try:
        session = Session(NOTHING, command, "unix", patience_s)
    except OSError as error:
        raise BadCommand(f"cannot start {command[0]}: {error.strerror}") from None
    try:
        declaration = session.read_declaration()
    except CaseFailed as failure:
        session.close()
        raise BadCommand(f"{failure}\n{session.complaints}".strip()) from None
    session.close()
    unknown = [one for one in declaration["can"] if one not in CAPABILITIES]
    if unknown:
        raise BadCommand(
            f"the client can {unknown}, which the kit does not know; it knows {', '.join(CAPABILITIES)}"
        )
    return declaration


def run_case(
    case: Case,
    command: list[str],
    transport: str,
    can: list[str],
    patience_s: float,
    daemon: str | None = None,
) -> Verdict:
    """Plays a case with the scripted server over "unix" or "tcp", or with a daemon at an address."""
    shown = "daemon" if daemon else transport
    missing = [need for need in case.needs if need not in can]
    if missing:
        return Verdict(SKIPPED, case.name, shown, f"the client does not declare '{missing[0]}'")
    session = Session(case, command, transport, patience_s, daemon)
    verdict = Verdict(PASSED, case.name, shown)
    verdict.about, verdict.sentence, verdict.transcript = case.about, case.sentence, session.transcript
    try:
        Conversation(session).play(case)
    except CaseFailed as failure:
        verdict.status, verdict.text = FAILED, str(failure)
        verdict.sentence = failure.sentence or case.sentence
    finally:
        session.close()
    verdict.complaints = session.complaints
    return verdict
