"""The program of the README runs as it stands, but for the addresses of server and daemon."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

from fixture import DRIVER
from support import PrivateDaemon, bookshop

PACKAGE = Path(__file__).parents[2]


class ProgramTests(unittest.TestCase):
    def test_the_program_of_the_readme_runs(self) -> None:
        section = (PACKAGE / "README.md").read_text().partition("\n## SQLAlchemy\n")[2]
        programs: list[str] = re.findall(r"^```python\n(.*?)^```", section, re.S | re.M)
        self.assertEqual(len(programs), 1)
        database = bookshop()
        url = f"mysql+{DRIVER}://root@/shop?unix_socket={database.socket}"
        folders = [str(PACKAGE / "src"), str(PACKAGE / "example")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
        with PrivateDaemon(database) as daemon:
            program = programs[0].replace("/run/kindred/kindred.sock", daemon.socket)
            program = program.replace("mysql+pymysql://app@localhost/shop", url)
            result = subprocess.run(
                [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60,
                check=False,
            )  # fmt: skip
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            queries = daemon.ask(op="stats")["stats"]["queries"]
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 21)
        self.assertEqual(queries, 1, "the books of all authors are one request")
        self.assertIn("answered=20", lines[-1])
        self.assertIn("[]", lines[-1], "nothing ran as SQL")


if __name__ == "__main__":
    unittest.main()
