"""What a load costs with SQLAlchemy alone, through kindred, and with eager loading, as ratios of one run.

    suites/run cost [--seconds 2] [--rounds 2] [--driver mysqldb|pymysql]

Each worker reads 100 parents and the related rows of each, again and again. In every round all ways have
their turn, so that what else the machine does spreads over all of them. Printed are microseconds for each
parent, the median of the rounds, and their ratio to plain lazy loading.
"""

# ruff: noqa: PLC0415 (this file also runs where SQLAlchemy is not installed)
from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import environment

sys.path.insert(0, str(environment.CLIENT / "tests"))

DRIVERS = {"mysqldb": "mysqlclient==2.3.2", "pymysql": "PyMySQL==1.2.4"}
AUTHORS, BOOKS_EACH, PARENTS = 1000, 10, 100
#: Ways to load: their name, whether kindred is attached, siblings are prefetched, and selectinload is used.
WAYS = [
    ("lazy, plain", False, False, False),
    ("lazy, kindred", True, False, False),
    ("lazy, kindred, prefetch_siblings", True, True, False),
    ("selectinload, plain", False, False, True),
    ("selectinload, kindred", True, False, True),
]
RELATIONS = {"to-one": "a row", "to-many": f"{BOOKS_EACH} rows"}


@dataclass
class Cost:
    """For each parent: microseconds of processor time and of waiting, and parents in a second."""

    client: float
    database: float
    daemon: float
    median: float
    parents_s: float
    queries: float

    def ratios(self, plain: Cost) -> list[str]:
        return [
            f"{own / other:.2f}" if other else "-"
            for own, other in ((getattr(self, f.name), getattr(plain, f.name)) for f in fields(Cost))
        ]


def work(way: Any, relation: str, url: str, socket: str, seconds: float, barrier: Any, results: Any) -> None:
    """One worker: sends (parents, processor time, median time for one) to `results`."""
    from sqlalchemy import create_engine

    from kindred_db import Client
    from kindred_db.sqlalchemy import attach

    _, through, prefetches, eager = way
    engine = create_engine(url, isolation_level="READ COMMITTED")
    if through:
        attach(engine, Client(socket, timeout=5.0), prefetch_siblings=prefetches)
    try:
        classes = _classes()
        turn = _turn(engine, relation, eager, *classes)
        list(turn(0))
    except BaseException:
        barrier.abort()
        raise
    barrier.wait()
    times: list[float] = []
    begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    rounds = 0
    while time.monotonic() - begin < seconds:
        rounds += 1
        times.extend(turn(rounds * 37 + os.getpid()))
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    results.put((rounds * PARENTS, cpu, statistics.median(times), time.monotonic() - begin))


def _classes() -> tuple[Any, Any]:
    from sqlalchemy import Column, ForeignKey, Integer, String
    from sqlalchemy.orm import declarative_base, relationship

    base: Any = declarative_base()

    class Author(base):  # type: ignore[misc]
        __tablename__ = "authors"
        id = Column(Integer, primary_key=True)
        name = Column(String(50))
        books = relationship("Book", back_populates="author")

    class Book(base):  # type: ignore[misc]
        __tablename__ = "books"
        id = Column(Integer, primary_key=True)
        author_id = Column(ForeignKey("authors.id"))
        title = Column(String(50))
        author = relationship(Author, back_populates="books")

    return Author, Book


def _turn(engine: Any, relation: str, eager: bool, author: Any, book: Any) -> Any:
    """A function that reads 100 parents and what is related to them, and gives the time for each parent."""
    from sqlalchemy import select
    from sqlalchemy.orm import Session, selectinload

    parent, attribute = (book, book.author) if relation == "to-one" else (author, author.books)

    def turn(number: int) -> Iterator[float]:
        start = number * PARENTS % (AUTHORS - PARENTS) + 1
        with Session(engine) as session:
            # Of books, the first of each author: no two have the same.
            statement = select(parent).where(parent.id >= start, parent.id < start + PARENTS)
            if eager:
                statement = statement.options(selectinload(attribute))
            begin = time.perf_counter()
            parents = session.scalars(statement).all()
            if eager:
                yield (time.perf_counter() - begin) / PARENTS
            for one in parents:
                begin = time.perf_counter()
                getattr(one, attribute.key)
                if not eager:
                    yield time.perf_counter() - begin

    return turn


def processor_time(pid: int) -> float:
    """Seconds of user and system time that a process has used."""
    with open(f"/proc/{pid}/stat") as status:
        parts = status.read().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


class Measurement:
    """A database with a daemon, and workers."""

    def __init__(self, driver: str, seconds: float) -> None:
        from support import PrivateDaemon, PrivateDatabase

        self.database = PrivateDatabase()
        self.database.sql("CREATE DATABASE shop CHARACTER SET utf8mb4")
        self.database.sql(
            "CREATE TABLE authors (id INT PRIMARY KEY, name VARCHAR(50));"
            "CREATE TABLE books (id INT PRIMARY KEY, author_id INT, title VARCHAR(50), "
            "FOREIGN KEY (author_id) REFERENCES authors (id));"
            f"INSERT INTO authors SELECT seq, CONCAT('author ', seq) FROM seq_1_to_{AUTHORS};"
            f"INSERT INTO books SELECT seq, (seq - 1) % {AUTHORS} + 1, CONCAT('book ', seq) "
            f"FROM seq_1_to_{AUTHORS * BOOKS_EACH}; ANALYZE TABLE authors, books",
            "shop",
        )
        self.daemon = PrivateDaemon(self.database, "shop")
        self.url = f"mysql+{driver}://root@/shop?unix_socket={self.database.socket}&charset=utf8mb4"
        self.seconds = seconds

    def cost(self, way: Any, relation: str, processes: int) -> Cost:
        context = multiprocessing.get_context("spawn")
        barrier, results = context.Barrier(processes + 1), context.Queue()
        arguments = (way, relation, self.url, self.daemon.socket, self.seconds, barrier, results)
        workers = [context.Process(target=work, args=arguments) for _ in range(processes)]
        for worker in workers:
            worker.start()
        barrier.wait(120)
        before = self._used()
        found = [results.get(timeout=120) for _ in workers]
        after = self._used()
        for worker in workers:
            worker.join()
        parents = sum(one[0] for one in found)
        database, daemon, queries = (now - then for now, then in zip(after, before))
        return Cost(
            client=sum(one[1] for one in found) / parents * 1e6,
            database=database / parents * 1e6,
            daemon=daemon / parents * 1e6,
            median=statistics.median(one[2] for one in found) * 1e6,
            parents_s=sum(one[0] / one[3] for one in found),
            queries=queries / parents * PARENTS,
        )

    def _used(self) -> tuple[float, float, float]:
        database, daemon = self.database._process.pid, self.daemon._running().pid
        queries = self.daemon.ask(op="stats")["stats"]["queries"]
        return processor_time(database), processor_time(daemon), queries

    def close(self) -> None:
        self.daemon.close()
        self.database.close()


def measure(driver: str, seconds: float, rounds: int, processes: list[int]) -> None:
    measurement = Measurement(driver, seconds)
    try:
        for relation, rows in RELATIONS.items():
            for number in processes:
                found: dict[str, list[Cost]] = {way[0]: [] for way in WAYS}
                for _ in range(rounds):
                    for way in WAYS:
                        found[way[0]].append(measurement.cost(way, relation, number))
                title = f"{relation} ({rows}), {number} process{'es' if number > 1 else ''}, {driver}"
                _print(title, {name: _middle(costs) for name, costs in found.items()})
    finally:
        measurement.close()


def _middle(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(getattr(cost, field.name) for cost in costs) for field in fields(Cost)))


def _print(title: str, costs: dict[str, Cost]) -> None:
    columns = ["client CPU", "database CPU", "daemon CPU", "p50", "parents/s", "daemon's queries"]
    print(f"\n{title}: µs for each parent (ratio to lazy, plain); queries for 100 parents")
    print(f"| {'':32} | " + " | ".join(f"{name:>16}" for name in columns) + " |")
    plain = next(iter(costs.values()))
    for name, cost in costs.items():
        cells = [
            f"{getattr(cost, field.name):.1f} ({ratio})"
            for field, ratio in zip(fields(Cost), cost.ratios(plain))
        ]
        print(f"| {name:32} | " + " | ".join(f"{cell:>16}" for cell in cells) + " |", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        usage="suites/run cost [--seconds 2] [--rounds 2] [--driver mysqldb|pymysql]"
    )
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--driver", choices=DRIVERS, default="mysqldb")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        measure(arguments.driver, arguments.seconds, arguments.rounds, arguments.processes)
        return 0
    python = environment.venv(f"cost-{arguments.driver}", "sqlalchemy==2.1.9", DRIVERS[arguments.driver])
    variables = {**os.environ, "PYTHONPATH": str(environment.CLIENT / "src")}
    return subprocess.run([python, __file__, "--here", *sys.argv[1:]], env=variables, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
