"""What the kit prints: a line for each case, and of a failed one what was said, expected and promised."""

from __future__ import annotations

import textwrap
from collections import Counter

from .values import shortened

PASSED, FAILED, SKIPPED = "ok", "FAIL", "skip"


class Verdict:
    """How a case ended: `text` says why it was skipped or has failed."""

    def __init__(self, status: str, case: str, transport: str, text: str = "") -> None:
        self.status, self.case, self.transport, self.text = status, case, transport, text
        self.about = self.sentence = self.complaints = ""
        self.transcript: list[str] = []

    def lines(self, verbose: bool) -> list[str]:
        """`ok    time/late-reply (unix)`; with what was said if the case has failed, or if asked for."""
        head = f"{self.status:<5} {self.case} ({self.transport})"
        if self.status == SKIPPED:
            return [f"{head}: {self.text}"]
        said = [f"      {shortened(line, 300)}" for line in self.transcript]
        if self.status == PASSED:
            return [head, *(said if verbose else [])]
        complaints = [f"      stderr    {line}" for line in self.complaints.splitlines()[-12:]]
        return [
            head,
            *_wrapped("", self.about),
            *said,
            *_wrapped("failed    ", self.text),
            *complaints,
            *_wrapped("protocol  ", self.sentence),
        ]


def _wrapped(label: str, text: str) -> list[str]:
    return (
        textwrap.wrap(
            text,
            110,
            initial_indent=f"      {label}",
            subsequent_indent="      " + " " * len(label),
            break_long_words=False,
            break_on_hyphens=False,
        )
        or []
    )


def summary(verdicts: list[Verdict]) -> list[str]:
    """The number of cases that passed, failed and were skipped, by transport, and why they were skipped."""
    lines = []
    for transport in sorted({verdict.transport for verdict in verdicts}):
        of_transport = [verdict for verdict in verdicts if verdict.transport == transport]
        counts = Counter(verdict.status for verdict in of_transport)
        lines.append(
            f"{transport}: {counts[PASSED]} passed, {counts[FAILED]} failed, {counts[SKIPPED]} skipped"
        )
        reasons = Counter(verdict.text for verdict in of_transport if verdict.status == SKIPPED)
        lines += [f"      {count} skipped: {reason}" for reason, count in sorted(reasons.items())]
    return lines
