"""Loader cases for strawberry-sqlalchemy-mapper 0.9.0, which ships no tests: its own loader beside ours.

suites/run strawberry [2.0 2.1]

Each case is asked for several parents at once, of the mapper's loader, of kindred_db.strawberry's without
kindred and of the same through kindred, and compared with lazy loads without kindred. Then kindred_db's own
tests for both GraphQL libraries run. Ends with 0 if ours is right in all cases and kindred has answered them,
and the tests pass.
"""

from __future__ import annotations

import os
import subprocess
import sys

import environment
from sqlalchemy_suite import LINES

STRAWBERRY = ["strawberry-sqlalchemy-mapper==0.9.0", "strawberry-graphql==0.341.2"]
GRAPHENE = ["graphene-sqlalchemy==3.0.0rc2", "graphene==3.4.3"]
DRIVERS = ["PyMySQL", "asyncmy==0.2.18", "greenlet"]


def run(line: str) -> bool:
    """Whether the cases and the tests pass with this line of SQLAlchemy."""
    alchemy = f"sqlalchemy=={LINES[line][0]}"
    # graphene needs a graphql-core before 3.3, and strawberry one from there on.
    with_strawberry = environment.venv(f"strawberry-{line}", *STRAWBERRY, alchemy, *DRIVERS)
    with_graphene = environment.venv(f"graphql-{line}", *GRAPHENE, alchemy, *DRIVERS)
    tests = str(environment.CLIENT / "tests" / "graphql")
    folders = [str(environment.CLIENT / "src"), tests, str(environment.CLIENT / "tests")]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    print(f"strawberry-sqlalchemy-mapper 0.9.0, SQLAlchemy {LINES[line][0]}", flush=True)
    cases = str(environment.CLIENT / "suites" / "strawberry_cases.py")
    commands = [[with_strawberry, "-W", "ignore", cases]]
    commands += [
        [python, "-m", "unittest", "discover", "-s", tests] for python in (with_strawberry, with_graphene)
    ]
    statuses = [subprocess.run(command, env=variables, check=False).returncode for command in commands]
    return not any(statuses)


def main() -> int:
    wanted = sys.argv[1:] or list(LINES)
    if not set(wanted) <= set(LINES):
        raise SystemExit(f"usage: suites/run strawberry [{' '.join(LINES)}]")
    passed = [run(line) for line in wanted]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    raise SystemExit(main())
