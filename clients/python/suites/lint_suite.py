"""ruff for everything in this folder, and mypy's strict mode for what needs no other package.

suites/run lint
"""

from __future__ import annotations

import subprocess

import environment

TOOLS = ["ruff==0.17.6", "mypy==2.4.1"]


def main() -> int:
    python = environment.venv("lint", *TOOLS)
    modules = sorted(str(path) for path in (environment.CLIENT / "src" / "kindred_db").glob("*.py"))
    core = [module for module in modules if not module.endswith("strawberry.py")]
    commands = [
        [python, "-m", "ruff", "check", "--quiet", "--no-cache", "."],
        [python, "-m", "mypy", "--cache-dir=/dev/null", "--no-error-summary", *core],
    ]
    return max(
        subprocess.run(command, cwd=environment.CLIENT, check=False).returncode for command in commands
    )


if __name__ == "__main__":
    raise SystemExit(main())
