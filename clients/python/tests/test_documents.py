"""Every program of the README that needs nothing else runs as it stands, but for the path of the socket.

Those below "SQLAlchemy" are run by sqlalchemy/test_program.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

from support import PrivateDaemon, bookshop

PACKAGE = Path(__file__).parents[1]
SOCKET = "/run/kindred/kindred.sock"


class DocumentTests(unittest.TestCase):
    def test_the_programs_of_the_readme_run(self) -> None:
        text = (PACKAGE / "README.md").read_text().partition("\n## SQLAlchemy\n")[0]
        programs: list[str] = re.findall(r"^```python\n(.*?)^```", text, re.S | re.M)
        self.assertGreaterEqual(len(programs), 5)
        environment = {**os.environ, "PYTHONPATH": str(PACKAGE / "src")}
        with PrivateDaemon(bookshop()) as daemon:
            for program in programs:
                self.assertIn(SOCKET, program)
                with self.subTest(program=program):
                    command = [sys.executable, "-c", program.replace(SOCKET, daemon.socket)]
                    result = subprocess.run(
                        command, env=environment, capture_output=True, text=True, timeout=60, check=False
                    )
                    self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_the_links_of_the_readme_lead_somewhere(self) -> None:
        for target in re.findall(r"\]\(([^)]+)\)", (PACKAGE / "README.md").read_text()):
            path, _, heading = target.partition("#")
            document = (PACKAGE / path).read_text()
            if not heading:
                continue
            anchors = [
                re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
                for line in document.splitlines()
                if line.startswith("#")
            ]
            self.assertIn(heading, anchors, target)


if __name__ == "__main__":
    unittest.main()
