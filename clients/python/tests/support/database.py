"""A private database server: the machine's MariaDB, or what `KINDRED_SERVER` names."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from xml.etree import ElementTree

from .processes import GuardedProcess, eventually

_REPOSITORY = Path(__file__).parents[4]
_MARIADB_SCRIPTS = (
    "mariadb_system_tables.sql",
    "mariadb_performance_tables.sql",
    "mariadb_system_tables_data.sql",
    "maria_add_gis_sp_bootstrap.sql",
    "mariadb_sys_schema.sql",
)

Row = dict[str, "str | None"]


class PrivateDatabase:
    """A server in a temporary directory, at the Unix socket `socket` and the TCP port `port` of 127.0.0.1 if
    one is given. Its user `root` has no password.

    Args:
        server: `mariadb`, `mariadb-11.8` or `mysql`; None for what `KINDRED_SERVER` says, or else `mariadb`.
        port: A free TCP port; None for none.
        options: Further options of the server, such as `--transaction-isolation=READ-COMMITTED`.
    """

    def __init__(
        self, server: str | None = None, *, port: int | None = None, options: tuple[str, ...] = ()
    ) -> None:
        self.server = server or os.environ.get("KINDRED_SERVER") or "mariadb"
        self.directory = Path(tempfile.mkdtemp(prefix="kdb-"))
        self.socket = str(self.directory / "s")
        self.port = port
        try:
            self._make_data()
            network = [f"--port={port}", "--bind-address=127.0.0.1"] if port else ["--skip-networking"]
            command = [
                *self._command(),
                *self._data_options(),
                f"--socket={self.socket}",
                "--skip-name-resolve",
                *network,
                *options,
            ]
            self._process = self._start(command, "server.log")
            eventually(self._answers, "the database server's first answer", 60)
        except BaseException:
            shutil.rmtree(self.directory, ignore_errors=True)
            raise

    @property
    def is_mysql(self) -> bool:
        """Whether it is MySQL, and not MariaDB."""
        return self.server == "mysql"

    def sql(self, script: str, database: str = "") -> None:
        """Runs statements, of which the first that fails raises an error with the server's words."""
        self._client(script, database, ())

    def query(self, statement: str, database: str = "shop") -> list[Row]:
        """The rows of one query; each value as the server prints it, NULL as None."""
        return self.queries([statement], database)[0]

    def queries(self, statements: list[str], database: str = "shop") -> list[list[Row]]:
        """The rows of each of many queries."""
        return [self._rows(result) for result in self._client(";\n".join(statements), database, ("--xml",))]

    def close(self) -> None:
        """Ends the server and removes its directory."""
        if not self._process.has_ended:
            self._process.end(signal.SIGKILL)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> PrivateDatabase:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _client(self, script: str, database: str, options: tuple[str, ...]) -> list[ElementTree.Element]:
        program = shutil.which("mariadb") or shutil.which("mysql") or "mariadb"
        command = [program, "--no-defaults", "-uroot", "-S", self.socket, "--default-character-set=utf8mb4"]
        result = subprocess.run(
            [*command, *options, database], input=script.encode(), capture_output=True, check=False
        )
        if result.returncode != 0:
            raise AssertionError(result.stderr.decode(errors="replace"))
        # With --xml each result is a document of its own.
        documents = result.stdout.decode().split('<?xml version="1.0"?>')[1:]
        return [ElementTree.fromstring(document.strip()) for document in documents]

    @staticmethod
    def _rows(result: ElementTree.Element) -> list[Row]:
        nil = "{http://www.w3.org/2001/XMLSchema-instance}nil"
        return [
            {field.get("name", ""): None if field.get(nil) == "true" else field.text or "" for field in row}
            for row in result
        ]

    def _answers(self) -> bool:
        if self._process.has_ended:
            raise AssertionError(f"the database server ended at once; {self._process.tail()}")
        try:
            self.sql("SELECT 1")
        except AssertionError:
            return False
        return True

    def _start(self, command: list[str], log: str) -> GuardedProcess:
        # A server removes what others have left in its TMPDIR, and even what they use, so each has its own.
        environment = {"TMPDIR": str(self.directory)}
        return GuardedProcess(command, self.directory / log, self.directory, environment)

    def _make_data(self) -> None:
        process = self._start(self._installation(), "install.log")
        if process.wait(120) != 0 or not (self.directory / "data" / "mysql").exists():
            raise AssertionError(f"the data of a server was not made; {process.tail()}")

    def _installation(self) -> list[str]:
        if self.server == "mariadb":
            installer = shutil.which("mariadb-install-db")
            assert installer, "there is no mariadb-install-db; install Debian's mariadb-server-core"
            return [
                installer,
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
                "--force",
                *self._data_options(),
            ]
        if self.is_mysql:
            accounts = self.directory / "accounts.sql"
            accounts.write_text(
                "CREATE USER root@'127.0.0.1';\nGRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n"
            )
            return [
                *self._command(),
                *self._data_options(),
                "--initialize-insecure",
                f"--init-file={accounts}",
            ]
        return self._bootstrap()

    def _bootstrap(self) -> list[str]:
        # What mariadb-install-db does, which does not find a server that is unpacked elsewhere.
        (self.directory / "data").mkdir()
        scripts = _brought(self.server) / "root/usr/share/mariadb"
        parts = [(scripts / name).read_text() for name in _MARIADB_SCRIPTS]
        script = self.directory / "install.sql"
        begin = "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n"
        script.write_text(begin + "\n".join(parts))
        bootstrap = ["--bootstrap", "--enforce-storage-engine=", "--max-allowed-packet=8M"]
        command = [*self._command(), *bootstrap, *self._data_options()]
        return ["/bin/sh", "-c", 'input=$0; exec "$@" <"$input"', str(script), *command]

    def _command(self) -> list[str]:
        if self.server == "mariadb":
            server = shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin")
            assert server, "there is no mariadbd; install Debian's mariadb-server-core"
            return [server, "--no-defaults"]
        return [str(_brought(self.server) / ("mysqld" if self.is_mysql else "mariadbd"))]

    def _data_options(self) -> list[str]:
        options = [
            f"--datadir={self.directory / 'data'}",
            "--skip-log-bin",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-doublewrite=0",
            "--innodb-buffer-pool-size=64M",
        ]
        if os.geteuid() == 0:
            options.append("--user=root")
        if self.is_mysql:
            options += [
                "--secure-file-priv=",
                "--mysqlx=0",
                "--performance-schema=OFF",
                "--innodb-flush-method=nosync",
                "--innodb-redo-log-capacity=16M",
                f"--pid-file={self.directory / 'pid'}",
            ]
        return options


def _brought(server: str) -> Path:
    """The folder of a server that was brought from another of Debian's suites; brings it if it is not
    there."""
    script = _REPOSITORY / "Tests" / "bring-server.sh"
    result = subprocess.run([str(script), server], stdout=subprocess.PIPE, check=True)
    return Path(result.stdout.decode().strip())


@functools.cache
def bookshop() -> PrivateDatabase:
    """A server for all tests of this program, with the bookshop of `make demo` in its database `shop`."""
    database = PrivateDatabase()
    atexit.register(database.close)
    database.sql("CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
    database.sql((Path(__file__).parent / "bookshop.sql").read_text(), "shop")
    return database
