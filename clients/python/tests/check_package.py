#!/usr/bin/env python3
"""Builds wheel and sdist, and has each answer a load in an empty environment, from an empty folder.

Needs a network for pip, which fetches the tools of the build.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from support import PrivateDaemon, bookshop

PACKAGE = Path(__file__).parents[1]
PROGRAM = """
import sys, kindred_db
with kindred_db.Client(sys.argv[1]) as db:
    print(kindred_db.__version__, db.load("books.author", 42)["name"])
"""


def run(*command: object, folder: Path) -> str:
    """The output of a command; ends the program if it fails."""
    result = subprocess.run(
        [str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        sys.exit(f"{command} failed:\n{result.stdout}{result.stderr}")
    return result.stdout.strip()


def environment(folder: Path) -> Path:
    """The Python of a new environment."""
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="kdp-") as name, PrivateDaemon(bookshop()) as daemon:
        folder = Path(name)
        builder = environment(folder / "builder")
        run(builder, "-m", "pip", "install", "--quiet", "build", folder=folder)
        run(builder, "-m", "build", PACKAGE, "--outdir", folder / "dist", folder=folder)
        (folder / "empty").mkdir()
        for package in sorted((folder / "dist").iterdir()):
            start = time.monotonic()
            python = environment(folder / package.name.replace(".", "-"))
            run(python, "-m", "pip", "install", "--quiet", package, folder=folder / "empty")
            answer = run(python, "-c", PROGRAM, daemon.socket, folder=folder / "empty")
            print(f"{package.name}: {answer} ({time.monotonic() - start:.0f} s)")
            assert answer.endswith("Jane Morrison 42"), answer


if __name__ == "__main__":
    main()
