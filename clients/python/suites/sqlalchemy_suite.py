"""SQLAlchemy's own tests, without and through kindred.

    suites/run sqlalchemy 2.0|2.1 [--driver pymysql|mysqldb] [--wide]

Prints what passed and failed both ways, how many loads the daemon has answered by its own count, and every
reason for which a load ran as SQL. Each answer is compared with its SQL. The exit code is 0
if the same tests pass and fail both ways, no answer differs, and as many loads are answered as are promised.
With --wide it is every SELECT in the ORM's tests, not only relationships in two files of them, and only files
in which a test has failed are run without kindred.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import environment

sys.path.insert(0, str(environment.CLIENT / "tests"))
from support import PrivateDaemon, PrivateDatabase

HERE = Path(__file__).parent
#: For each line: its version, and how many loads at least the daemon answers in the two files.
LINES = {"2.0": ("2.0.58", 480), "2.1": ("2.1.9", 530)}
DRIVERS = {"pymysql": "PyMySQL==1.2.4", "mysqldb": "mysqlclient==2.3.2"}
NARROW = ["test/orm/test_lazy_relations.py", "test/orm/test_selectin_relations.py"]
#: Folders and files of --wide, as far as a line has them.
WIDE = ["test/orm", "test/ext"]


@dataclass
class Outcome:
    """What a run of the tests has come to: each test's name and its result."""

    results: dict[str, str]
    report: dict[str, Any] = field(default_factory=dict)
    queries: int = 0

    def count(self, result: str) -> int:
        return sum(found == result for found in self.results.values())

    def files_of(self, result: str) -> list[str]:
        """The files of the tests that have ended so: test/orm/test_mapper.py for test.orm.test_mapper.T."""
        names = {name for name, found in self.results.items() if found == result}
        files = {re.sub(r"^(.*?\.test_\w+)\..*", r"\1", name).replace(".", "/") + ".py" for name in names}
        return sorted(files)

    def summary(self) -> str:
        return ", ".join(f"{self.count(word)} {word}" for word in ("passed", "failed", "skipped"))


class Suite:
    """One line of SQLAlchemy with one driver."""

    def __init__(self, line: str, driver: str, wide: bool) -> None:
        self.version, self.promised = LINES[line]
        requirements = [f"sqlalchemy=={self.version}", DRIVERS[driver], "pytest>=8,<9", "pytest-timeout"]
        requirements += ["setuptools>=77", "wheel", "cython", "greenlet", "typing_extensions"]
        self.python = environment.venv(f"sqlalchemy-{self.version}-{driver}", *requirements)
        self.source = environment.source(self.python, "sqlalchemy", self.version)
        self.driver = driver
        self.wide = wide

    def run(self, database: PrivateDatabase, through: Path | None, tests: list[str]) -> Outcome:
        """Runs tests; `through` is the file that tells the plugin of the daemon."""
        for name in ("test", "test_schema", "test_schema_2"):
            database.sql(f"DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name} CHARACTER SET utf8mb4")
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder) / "results.xml"
            # With -s the tests take the installed SQLAlchemy, and not the one beside them, whose C parts are
            # not compiled: what one process has pickled another must read.
            command = [self.python, "-s", "-m", "pytest", "-q", "--maxfail=100000"]
            command += ["-p", "no:cacheprovider", f"--junitxml={results}", "--timeout=120"]
            command += [
                "--dburi",
                f"mysql+{self.driver}://root@/test?unix_socket={database.socket}&charset=utf8mb4",
            ]
            command += (["-p", "sqlalchemy_plugin"] if through else []) + tests
            variables = {**os.environ, "PYTHONPATH": f"{environment.CLIENT / 'src'}:{HERE}"}
            if through:
                variables["KINDRED_SUITE"] = str(through)
            log = Path(folder) / "log"
            with log.open("wb") as output:
                subprocess.run(
                    command, cwd=self.source, env=variables, stdout=output, stderr=output, check=False
                )
            if not results.exists():
                raise SystemExit(f"the tests did not run:\n{log.read_text(errors='replace')[-4000:]}")
            return Outcome(_results(results))

    def run_through_kindred(self, database: PrivateDatabase) -> Outcome:
        database.sql("CREATE DATABASE IF NOT EXISTS test")
        settings = '[catalog]\ndiscover = false\nrefresh_s = 0\n[service]\nlog_level = "warning"'
        with (
            PrivateDaemon(database, "test", settings=settings) as daemon,
            tempfile.TemporaryDirectory() as folder,
        ):
            suite, report = Path(folder) / "suite.json", Path(folder) / "report.json"
            suite.write_text(json.dumps({
                "socket": daemon.socket, "config": str(daemon.config), "pid": daemon._running().pid,
                "report": str(report), "mode": "all" if self.wide else "relationships",
            }))  # fmt: skip
            outcome = self.run(database, suite, self.files())
            outcome.queries = daemon.ask(op="stats")["stats"]["queries"]
            outcome.report = json.loads(report.read_text())
            return outcome

    def files(self) -> list[str]:
        return [name for name in (WIDE if self.wide else NARROW) if (self.source / name).exists()]


def _results(path: Path) -> dict[str, str]:
    results = {}
    for case in ElementTree.parse(path).iter("testcase"):
        kinds = {child.tag for child in case}
        failed = kinds & {"failure", "error"}
        result = "failed" if failed else "skipped" if "skipped" in kinds else "passed"
        results[f"{case.get('classname')}.{case.get('name')}"] = result
    return results


def _print_report(suite: Suite, server: str, plain: Outcome, through: Outcome) -> None:
    stats = through.report["stats"]
    print(f"\nSQLAlchemy {suite.version}, {suite.driver}, {server}")
    print(f"  without kindred: {plain.summary()}")
    print(f"  through kindred: {through.summary()}")
    print(f"  loads {stats['loads']}, answered {stats['answered']}, the daemon's own count {through.queries}")
    print(f"  compared with SQL {stats['verified']}, different {stats['mismatched']}")
    reasons: dict[str, int] = {}
    for _, reason, count in through.report["why"]:
        reasons[reason] = reasons.get(reason, 0) + count
    print("  ran as SQL:")
    for reason, count in sorted(reasons.items(), key=lambda item: -item[1]):
        print(f"    {count:5}  {reason}")
    for difference in through.report["differences"]:
        print(f"  {difference}")
    for tables in through.report["refused"]:
        print(f"  without a catalog, as the daemon refused it: {', '.join(tables)}")


def _faults(suite: Suite, plain: Outcome, through: Outcome) -> list[str]:
    stats = through.report["stats"]
    faults = [
        f"{name}: {result} without kindred, {through.results.get(name)} through it"
        for name, result in plain.results.items()
        if through.results.get(name) != result
    ]
    faults += ["nothing was run"] * (not through.results)
    if stats["mismatched"]:
        faults.append(f"{stats['mismatched']} loads differ from SQL")
    if not suite.wide and min(stats["answered"], through.queries) < suite.promised:
        faults.append(f"fewer than {suite.promised} loads were answered")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(
        usage="suites/run sqlalchemy 2.0|2.1 [--driver pymysql|mysqldb] [--wide]"
    )
    parser.add_argument("line", choices=LINES)
    parser.add_argument("--driver", choices=DRIVERS, default="pymysql")
    parser.add_argument("--wide", action="store_true", help="every SELECT in most of the ORM's tests")
    arguments = parser.parse_args()
    suite = Suite(arguments.line, arguments.driver, arguments.wide)
    # kindred stands aside from a transaction that keeps a snapshot, so that both runs are at this level.
    with PrivateDatabase(options=("--transaction-isolation=READ-COMMITTED",)) as database:
        through = suite.run_through_kindred(database)
        server = str(database.query("SELECT VERSION() AS version", "mysql")[0]["version"])
        # Of the many tests, only files with failures are run without kindred: the others pass anyway.
        files = through.files_of("failed") if suite.wide else suite.files()
        plain = suite.run(database, None, files) if files else Outcome({})
    _print_report(suite, server, plain, through)
    faults = _faults(suite, plain, through)
    print("\n".join(["  FAULTS:", *(f"    {fault}" for fault in faults)]) if faults else "  as it should be")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
