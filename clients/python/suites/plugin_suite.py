"""The SQLAlchemy plug-in's own tests, for each line of SQLAlchemy and each driver.

suites/run plugin [2.0/pymysql …]
"""

from __future__ import annotations

import os
import subprocess
import sys

import environment
from sqlalchemy_suite import DRIVERS, LINES

ALL = [f"{line}/{driver}" for line in LINES for driver in DRIVERS]


def run(line: str, driver: str) -> bool:
    """Whether all tests pass. Those of asyncio sessions always use asyncmy."""
    version = LINES[line][0]
    packages = [f"sqlalchemy=={version}", DRIVERS[driver], "asyncmy==0.2.18", "greenlet"]
    python = environment.venv(f"plugin-{version}-{driver}", *packages)
    print(f"SQLAlchemy {version}, {driver}", flush=True)
    variables = {**os.environ, "PYTHONPATH": str(environment.CLIENT / "src"), "KINDRED_DRIVER": driver}
    command = [python, "-m", "unittest", "discover", "-s", str(environment.CLIENT / "tests" / "sqlalchemy")]
    return subprocess.run(command, env=variables, check=False).returncode == 0


def main() -> int:
    wanted = sys.argv[1:] or ALL
    if not set(wanted) <= set(ALL):
        raise SystemExit(f"usage: suites/run plugin [{' '.join(ALL)}]")
    passed = [run(*one.split("/")) for one in wanted]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    raise SystemExit(main())
