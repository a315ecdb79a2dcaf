"""Where other projects' packages are kept, and how they are brought."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CLIENT = Path(__file__).parents[1]


def cache() -> Path:
    """The folder that `KINDRED_SUITES` names, or ~/.cache/kindred-suites; made if it is not there."""
    folder = Path(os.environ.get("KINDRED_SUITES") or Path.home() / ".cache" / "kindred-suites")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def venv(name: str, *requirements: str) -> Path:
    """The Python of an environment with these packages; one that is there already is left as it is."""
    folder = cache() / name
    python = folder / "bin" / "python"
    wanted = "\n".join(requirements)
    list_of_packages = folder / "kindred-requirements"
    if not list_of_packages.exists() or list_of_packages.read_text() != wanted:
        print(f"Making the environment {folder} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *requirements], check=True)
        list_of_packages.write_text(wanted)
    return python


def source(python: Path, package: str, version: str) -> Path:
    """The unpacked source distribution of a package, with its tests."""
    folder = cache() / f"{package}-{version}"
    if not folder.exists():
        # Without isolation pip builds nothing to read the package's name; setuptools is in the environment.
        command = [python, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", package]
        command += ["--no-build-isolation", "-d", str(cache()), f"{package}=={version}"]
        subprocess.run(command, check=True)
        archive = next(cache().glob(f"{package}-{version}.tar.gz"))
        # By tar, as `tarfile` has safe filters only since Python 3.11.4.
        subprocess.run(["tar", "-xzf", str(archive), "-C", str(cache())], check=True)
    return folder
