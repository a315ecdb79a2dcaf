"""The kit's own tests: `python3 -m unittest discover -s clients/conformance/selftest`, about 70 s."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
KIT = os.path.dirname(HERE)
sys.path[:0] = [KIT, HERE]

import mutants  # noqa: E402
import reference  # noqa: E402
import variants  # noqa: E402

from kit.cases import BadCase, Case, load_cases  # noqa: E402
from kit.certify import run_case  # noqa: E402
from kit.driver import CAPABILITIES  # noqa: E402
from kit.report import FAILED, PASSED, Verdict  # noqa: E402

COMMAND = [sys.executable, os.path.join(HERE, "command.py")]
# Long enough for a busy machine where everything is right, short where a spoiled client hangs.
PATIENCE, SHORT_PATIENCE = 15.0, 2.0
WORKERS = 4
# Of a daemon that serves the bookshop of `kindred demo`.
DAEMON = os.environ.get("KINDRED_ADDRESS", "")
CASES = os.path.join(KIT, "cases")


class Run(NamedTuple):
    """A case for a kind of the reference client."""

    kind: str
    case: Case
    transport: str
    patience_s: float


def play(runs: list[Run]) -> Iterator[tuple[Run, Verdict]]:
    """Plays cases, several at a time, because most of them wait for a process to start."""

    def play_one(run: Run) -> Verdict:
        command = [*COMMAND, "--kind", run.kind]
        return run_case(run.case, command, run.transport, reference.CAPABILITIES, run.patience_s)

    with ThreadPoolExecutor(WORKERS) as workers:
        yield from zip(runs, workers.map(play_one, runs))


def run_kit(*arguments: str) -> subprocess.CompletedProcess:
    command = [os.path.join(KIT, "run"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


class CasesTest(unittest.TestCase):
    """What stands in the case files."""

    def test_each_sentence_stands_in_the_documents(self) -> None:
        documents = os.path.join(KIT, os.pardir, os.pardir, "docs")
        promised = ""
        for name in ("PROTOCOL.md", "CLIENTS.md"):
            with open(os.path.join(documents, name), encoding="utf-8") as opened:
                promised += " ".join(opened.read().split())
        for case in load_cases(CASES) + load_cases(os.path.join(KIT, "bookshop")):
            with self.subTest(case.name):
                self.assertTrue(case.sentence in promised, case.sentence)

    def test_each_capability_is_needed_by_a_case(self) -> None:
        needed = {need for case in load_cases(CASES) for need in case.needs}
        self.assertEqual(needed, set(CAPABILITIES))

    def test_a_case_with_a_typing_mistake_is_refused(self) -> None:
        good = {"name": "n", "about": "a", "sentence": "s", "steps": [{"call": {"do": "ping"}}]}
        Case("subject", good)
        for change in (
            {"steps": [{"cal": {}}]},
            {"needs": ["teleport"]},
            {"stepz": []},
            {"on_connect": ["shut"]},
            {"steps": [{"reply": {}, "too": "a"}]},
            {"steps": [{"either": [[{"x": 1}]]}]},
            {"steps": [{"as": "a", "request": {}}]},
            {"steps": [{}]},
        ):
            with self.subTest(change), self.assertRaises(BadCase):
                Case("subject", {**good, **change})


class RightClientTest(unittest.TestCase):
    """What is right passes."""

    def check(self, kind: str, transport: str, cases: list[Case]) -> None:
        runs = [Run(kind, case, transport, PATIENCE) for case in cases]
        for run, verdict in play(runs):
            with self.subTest(kind=kind, case=run.case.name, transport=transport):
                self.assertEqual(verdict.status, PASSED, "\n".join(verdict.lines(True)))

    def test_a_right_client_passes_every_case_over_both_transports(self) -> None:
        for transport in ("unix", "tcp"):
            self.check("Client", transport, load_cases(CASES))

    def test_clients_that_are_right_in_another_way_pass_as_well(self) -> None:
        quick = [case for case in load_cases(CASES) if not case.patience_s]
        for kind in variants.VARIANTS:
            self.check(kind.__name__, "unix", quick)


class SpoiledClientTest(unittest.TestCase):
    """Every case can fail."""

    def test_each_case_is_failed_by_a_spoiled_client(self) -> None:
        named = {name for cases in mutants.FAILS.values() for name in cases}
        self.assertEqual(named, {case.name for case in load_cases(CASES)})

    def test_each_spoiled_client_fails_the_cases_that_it_should(self) -> None:
        cases = {case.name: case for case in load_cases(CASES)}
        runs = [
            Run(mutant, cases[name], "unix", SHORT_PATIENCE)
            for mutant, names in mutants.FAILS.items()
            for name in names
        ]
        for run, verdict in play(runs):
            with self.subTest(mutant=run.kind, case=run.case.name):
                self.assertEqual(verdict.status, FAILED, "\n".join(verdict.lines(True)))


@unittest.skipUnless(DAEMON, "KINDRED_ADDRESS is not set: an address of a daemon that serves the bookshop")
class BookshopTest(unittest.TestCase):
    """The cases for a real daemon."""

    def run_kind(self, kind: str) -> dict[str, Verdict]:
        command = [*COMMAND, "--kind", kind]
        cases = load_cases(os.path.join(KIT, "bookshop"))
        return {
            case.name: run_case(case, command, "unix", reference.CAPABILITIES, PATIENCE, DAEMON)
            for case in cases
        }

    def test_a_right_client_passes(self) -> None:
        for name, verdict in self.run_kind("Client").items():
            self.assertEqual(verdict.status, PASSED, f"{name}: {verdict.text}")

    def test_each_case_is_failed_by_a_spoiled_client(self) -> None:
        failed: set[str] = set()
        for kind in ("NothingIsNoResult", "TurnsResultsRound", "ForgetsOptions", "LosesThePosition",
                     "OverlooksErrorsOfKeys", "OneErrorForAll", "CountsByLoading", "TakesParentsForKeys",
                     "ForgetsTheNameOfAnOperation", "MakesNumbersOfDigits"):  # fmt: skip
            failed |= {name for name, verdict in self.run_kind(kind).items() if verdict.status == FAILED}
        self.assertEqual(failed, {case.name for case in load_cases(os.path.join(KIT, "bookshop"))})


class CommandLineTest(unittest.TestCase):
    """What a user of `run` sees."""

    def shell_client(self, first_line: str, rest: str = "cat >/dev/null") -> list[str]:
        return ["sh", "-c", f"echo '{first_line}'; {rest}"]

    def test_success_is_status_0_and_a_summary(self) -> None:
        ended = run_kit("--case", "lines/plain", *COMMAND)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("ok    lines/plain (tcp)", ended.stdout)
        self.assertIn("unix: 1 passed, 0 failed, 0 skipped", ended.stdout)

    def test_a_failure_shows_what_was_said_expected_and_promised(self) -> None:
        ended = run_kit("--case", "values/kinds", "--transport", "unix", *COMMAND, "--kind", "GuessesNumbers")
        self.assertEqual(ended.returncode, 1)
        for part in (
            "FAIL  values/kinds (unix)",
            'call      {"do":"load"',
            'request   {"id"',
            'reply     {"id"',
            'failed    the outcome.value.decimal is 10.5, not "10.50"',
            "protocol  Keys and the values",
        ):
            self.assertIn(part, ended.stdout)

    def test_what_a_client_cannot_do_is_skipped_and_said(self) -> None:
        command = self.shell_client('{"client":"tiny","can":[]}')
        ended = run_kit("--case", "pages/first-page", "--case", "processes/fork", *command)
        self.assertEqual(ended.returncode, 0)
        self.assertIn("unix: 0 passed, 0 failed, 2 skipped", ended.stdout)
        self.assertIn("1 skipped: the client does not declare 'fork'", ended.stdout)

    def test_commands_that_are_none_are_told_so(self) -> None:
        for command, message in (
            (["/nonexistent"], "cannot start /nonexistent: No such file or directory"),
            (["false"], "the command ended (status 1)"),
            (self.shell_client("hello"), "no JSON"),
            (self.shell_client('{"client":"x"}'), "the first line must be"),
            (self.shell_client('{"client":"x","can":["fly"]}'), "'fly'"),
        ):
            with self.subTest(command):
                ended = run_kit("--patience", "2", "--case", "lines/plain", "--transport", "unix", *command)
                self.assertEqual(ended.returncode, 2, ended.stdout + ended.stderr)
                self.assertIn(message, ended.stderr)

    def test_unknown_names_of_cases_are_told_so(self) -> None:
        ended = run_kit("--case", "lines/plane", *COMMAND)
        self.assertEqual(ended.returncode, 2)
        self.assertIn("no case is called lines/plane", ended.stderr)

    def test_a_client_that_dies_or_talks_nonsense_fails(self) -> None:
        declaration = '{"client":"x","can":[]}'
        for rest, message in (
            ("exit 3", "the command ended (status 3)"),
            ("read x; echo nonsense; cat", "no JSON"),
            ('read x; echo "{}"; cat', "an outcome is an object"),
            ('read x; echo "complaint" >&2', "stderr    complaint"),
        ):
            with self.subTest(rest):
                options = ["--patience", "2", "--transport", "unix", "--case", "connections/closed-at-once"]
                ended = run_kit(*options, *self.shell_client(declaration, rest))
                self.assertEqual(ended.returncode, 1, ended.stderr)
                self.assertIn(message, ended.stdout)


if __name__ == "__main__":
    unittest.main()
