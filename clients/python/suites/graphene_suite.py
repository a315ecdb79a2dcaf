#!/usr/bin/env python3
"""graphene-sqlalchemy's own tests (3.0.0rc2) on a private MariaDB, without and through kindred.

    suites/run graphene 2.0|2.1

Three runs: `plain`, `attached` (kindred answers the loads of graphene-sqlalchemy as it is, each is compared
with its SQL) and `installed` (kindred_db.graphene in the place of its batching, besides). Ends with 0 if the
same tests fail as without kindred, but for those that are listed here with a reason, and enough loads were
answered.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import environment  # noqa: E402
from support import PrivateDaemon, PrivateDatabase  # noqa: E402

VERSIONS = {"2.0": "2.0.58", "2.1": "2.1.9"}
PACKAGES = [
    "graphene-sqlalchemy==3.0.0rc2",
    "graphene==3.4.3",
    "mysqlclient==2.3.2",
    "asyncmy==0.2.18",
    "greenlet",
    "pytest==7.4.4",
    "pytest-asyncio==0.21.2",
    "pytest-benchmark==4.0.0",
    "sqlalchemy_utils",
    "aiosqlite",
    "nest-asyncio",
]

BATCHING = ("test_batching.py", "test_benchmark.py")

# Of the loads in these files, at least so many, and such a share of them, are answered. What is not is a
# class with a sub-select among its columns.
ENOUGH, SHARE = 170, 0.87

# What else fails with `kindred_db.graphene.install()`, and why that is right.
SLICED = "expects the parameters of SelectInLoader's statement, but `first: 2` holds for each parent now"
EXPECTED = {
    "test_batching_across_nested_relay_schema[async]": "expects 2 statements, as every batched field of an "
    "AsyncSession fails there; now they are loaded, by 3",
    "test_one_to_many": SLICED,
    "test_many_to_many": SLICED,
}


@dataclass
class Run:
    """What one run of the suite gave."""

    mode: str
    passed: set[str]
    failed: set[str]
    counts: Counter[str]
    batching: Counter[str]
    refusals: Counter[str]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("line", choices=sorted(VERSIONS), help="of SQLAlchemy")
    parser.add_argument("--modes", default="plain,attached,installed", help="which runs (all three)")
    options = parser.parse_args()
    python = environment.venv(f"graphene-{options.line}", f"sqlalchemy=={VERSIONS[options.line]}", *PACKAGES)
    with PrivateDatabase() as database:
        database.sql(
            "CREATE DATABASE suite CHARACTER SET utf8mb4; CREATE USER suite@localhost;"
            "GRANT ALL ON *.* TO suite@localhost"
        )
        with PrivateDaemon(database, "suite", settings="\n[catalog]\nrefresh_s = 0\n") as daemon:
            runs = [run(python, mode, database, daemon) for mode in options.modes.split(",")]
    return report(runs, options.line)


def run(python: Path, mode: str, database: PrivateDatabase, daemon: PrivateDaemon) -> Run:
    """Runs the suite once, in an empty directory."""
    with tempfile.TemporaryDirectory() as directory:
        results, counts = Path(directory) / "results.xml", Path(directory) / "counts.json"
        variables = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (HERE, HERE.parent / "src", HERE.parent / "tests"))),
            "SUITE_MODE": mode,
            "SUITE_SERVER": database.socket,
            "SUITE_DAEMON": daemon.socket,
            "SUITE_CONFIG": str(daemon.config),
            "SUITE_PID": str(daemon._running().pid),
            "SUITE_COUNTS": str(counts),
        }
        command = [python, "-m", "pytest", "-p", "graphene_plugin", "-p", "no:cacheprovider", "-q"]
        # Every benchmark a few times, however fast it is.
        command += ["--benchmark-min-rounds=4", "--benchmark-max-time=0.000001"]
        command += ["--no-header", "--tb=no", "-W", "ignore", f"--junitxml={results}"]
        command += ["--pyargs", "graphene_sqlalchemy.tests"]
        output = subprocess.run(
            command,
            cwd=directory,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        if not results.exists() or not counts.exists():
            sys.exit(f"pytest did not run: {output.stdout[-2000:]} {output.stderr[-2000:]}")
        return read_run(mode, results, counts)


def read_run(mode: str, results: Path, counts: Path) -> Run:
    passed, failed = set(), set()
    for case in ElementTree.parse(results).iter("testcase"):
        name = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(name)
        elif case.find("skipped") is None:
            passed.add(name)
    counted = json.loads(counts.read_text())
    files = {name: Counter(stats) for name, stats in counted["files"].items()}
    batching = sum((files.get(name, Counter()) for name in BATCHING), Counter())
    return Run(mode, passed, failed, sum(files.values(), Counter()), batching, Counter(counted["refusals"]))


def report(runs: list[Run], line: str) -> int:
    """Prints the table; returns 0 if all is as it should be."""
    print(f"graphene-sqlalchemy 3.0.0rc2, SQLAlchemy {VERSIONS[line]}, mysqlclient and asyncmy")
    print("| run | passed | failed | answered | in test_batching, test_benchmark | verified, different |")
    print("| --- | --- | --- | --- | --- | --- |")
    for each in runs:
        total, batching = each.counts, each.batching
        print(
            f"| {each.mode} | {len(each.passed)} | {len(each.failed)} "
            f"| {total['answered']} of {total['loads']} | {batching['answered']} of {batching['loads']} "
            f"| {total['verified']}, {total['mismatched']} |"
        )
    faults = []
    for each in runs:
        faults += judge(each, runs[0])
        for reason, count in each.refusals.most_common():
            print(f"{each.mode}: by SQL, {count} times: {reason}")
    for fault in faults:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


def judge(run_: Run, plain: Run) -> list[str]:
    """What is not as it should be."""
    print(f"{run_.mode} fails: {', '.join(sorted(run_.failed)) or 'nothing'}")
    faults = []
    for name in sorted(run_.failed - plain.failed):
        reason = EXPECTED.get(name.partition("::")[2]) if run_.mode == "installed" else None
        print(f"  {name}: {reason or 'for no known reason'}")
        if reason is None:
            faults.append(f"{run_.mode}: {name} fails, which passes without kindred")
    for name in sorted(plain.failed - run_.failed):
        print(f"  {name} fails without kindred, and passes")
    answered, loads = run_.batching["answered"], run_.batching["loads"]
    if run_.mode != "plain" and not (answered >= ENOUGH and answered >= SHARE * loads):
        faults.append(
            f"{run_.mode}: only {answered} of {loads} loads in {' and '.join(BATCHING)} were answered"
        )
    if run_.counts["mismatched"]:
        faults.append(f"{run_.mode}: {run_.counts['mismatched']} loads were answered differently by SQL")
    return faults


if __name__ == "__main__":
    sys.exit(main())
