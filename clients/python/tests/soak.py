#!/usr/bin/env python3
"""Lets clients of every kind ask a daemon that is killed, restarted, frozen and continued, and compares every
answer.

    tests/soak.py --minutes 15

Each worker is a process: one that asks one thing after the other, one with threads, one that forks, one with
pipelines, and one with asyncio, whose calls are cancelled at random. What is right was asked of the database
before, for one key at a time. The program ends with 1 if an answer was wrong, a call never ended, an error
was none of the client's, or a worker did not find the daemon again at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import multiprocessing
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from support import PrivateDaemon, PrivateDatabase, bookshop

from kindred_db import AsyncClient, Client, KindredError

Counts = collections.Counter[str]

# A call may take so much longer than its time-out as the machine is busy; beyond that it counts as one that
# hangs.
GRACE_SECONDS = 10.0
# Without trouble at the end, so that everybody can find the daemon again.
QUIET_SECONDS = 12.0


class Question(NamedTuple):
    """A call of a client, and what the database says to it."""

    operation: str
    relationship: str
    key: Any
    options: dict[str, Any]
    answer: Any


def questions(database: PrivateDatabase) -> list[Question]:
    """Some 700 questions, each answered by SQL for its one key."""
    found: list[Question] = []
    authors, books = range(1, 201), range(1, 301)

    def ask(keys: range, operation: str, relationship: str, options: dict[str, Any], sql: str) -> None:
        results = database.queries([sql.format(key) for key in keys])
        for key, rows in zip(keys, results):
            plain = [{name: int(value or 0) for name, value in row.items()} for row in rows]
            answer: Any = plain
            if operation == "count":
                answer = plain[0]["amount"]
            elif relationship == "books.author":
                answer = plain[0] if plain else None
            found.append(Question(operation, relationship, key, options, answer))

    best = {"columns": ["id", "sold"], "order": ["-sold"], "limit": 3}
    ids: dict[str, Any] = {"columns": ["id"]}
    ask(authors, "load", "authors.books", ids, "SELECT id FROM books WHERE author_id = {} ORDER BY id")
    best_sql = "SELECT id, sold FROM books WHERE author_id = {} ORDER BY sold DESC, id LIMIT 3"
    ask(authors, "load", "authors.books", best, best_sql)
    ask(authors, "count", "authors.books", {}, "SELECT COUNT(*) AS amount FROM books WHERE author_id = {}")
    ask(authors, "load", "books.author", ids, "SELECT id FROM authors WHERE id = {}")
    tags = "SELECT t.id FROM tags t JOIN book_tags b ON b.tag_id = t.id WHERE b.book_id = {} ORDER BY t.id"
    ask(books, "load", "books.tags", ids, tags)
    return found


class Worker:
    """One process that asks until a time, and reports what has happened."""

    def __init__(self, kind: str, address: str, asked: list[Question], end: float, seed: int) -> None:
        self.kind = kind
        self.address = address
        self.questions = asked
        self.end = end
        self.random = random.Random(seed)
        self.counts: Counts = collections.Counter()
        self.faults: list[str] = []
        self.last_answer = 0.0

    def run(self, pipe: Pipe) -> None:
        """Asks, and sends the report when the time is over."""
        try:
            getattr(self, self.kind)()
        except BaseException as error:
            self.faults.append(f"ended with {error!r}")
        if self.last_answer < self.end - QUIET_SECONDS / 2:
            self.faults.append("did not find the daemon again")
        pipe.send((self.counts, self.faults))

    def one(self) -> None:
        """One thing after the other."""
        with Client(self.address) as client:
            while time.time() < self.end:
                self.ask(client)

    def threads(self) -> None:
        """Four threads with one client; every now and then a thread ends, and another begins."""
        client = Client(self.address)

        def ask_for_a_while() -> None:
            for _ in range(200):
                if time.time() < self.end:
                    self.ask(client)

        while time.time() < self.end:
            group = [threading.Thread(target=ask_for_a_while) for _ in range(4)]
            for thread in group:
                thread.start()
            for thread in group:
                thread.join()
        client.close()

    def forks(self) -> None:
        """Children ask by the client that they have inherited, while the parent goes on with it."""
        client = Client(self.address)
        while time.time() < self.end:
            children = [self._fork(client) for _ in range(3)]
            for _ in range(20):
                self.ask(client)
            for child, receiver in children:
                counts, faults, last_answer = receiver.recv()
                self.counts.update(counts)
                self.faults += faults
                self.last_answer = max(self.last_answer, last_answer)
                child.join()
        client.close()

    def _fork(self, client: Client) -> tuple[Any, Pipe]:
        receiver, sender = multiprocessing.Pipe(duplex=False)
        self.random.random()  # so that children differ
        child = multiprocessing.get_context("fork").Process(target=self._child, args=(client, sender))
        child.start()
        sender.close()
        return child, receiver

    def _child(self, client: Client, sender: Pipe) -> None:
        self.counts, self.faults = collections.Counter(), []
        self.random.seed(os.getpid())
        for _ in range(self.random.randint(1, 30)):
            self.ask(client)
        sender.send((self.counts, self.faults, self.last_answer))

    def pipelines(self) -> None:
        """Up to fifty questions in one write; some are taken back."""
        with Client(self.address) as client:
            while time.time() < self.end:
                asked = [self.question() for _ in range(self.random.randint(1, 50))]
                with client.pipeline(timeout=self.timeout()) as pipeline:
                    pending = [
                        (one, getattr(pipeline, one.operation)(one.relationship, one.key, **one.options))
                        for one in asked
                    ]
                    if self.random.random() < 0.2:
                        pipeline.send()
                        pending[0][1].cancel()
                for question, result in pending:
                    with self.counting_errors():
                        self.compare(question, result.result())

    def loop(self) -> None:
        """Forty tasks of asyncio, whose calls are cancelled at random."""

        async def task(client: AsyncClient) -> None:
            while time.time() < self.end:
                question, timeout = self.question(), self.timeout()
                method = getattr(client, question.operation)
                call = method(question.relationship, question.key, timeout=timeout, **question.options)
                start = time.monotonic()
                with self.counting_errors():
                    if self.random.random() < 0.05:
                        call = asyncio.wait_for(call, self.random.random() * 0.02)
                    self.compare(question, await call)
                self.check_time(start, timeout)
                await asyncio.sleep(0)

        async def main() -> None:
            async with AsyncClient(self.address) as client:
                await asyncio.gather(*(task(client) for _ in range(40)))

        asyncio.run(main())

    def question(self) -> Question:
        return self.random.choice(self.questions)

    def timeout(self) -> float:
        return self.random.choice((0.02, 0.2, 1.0, 3.0))

    def ask(self, client: Client) -> None:
        """One question, or the same question with several keys at once."""
        question, timeout = self.question(), self.timeout()
        start = time.monotonic()
        with self.counting_errors():
            if self.random.random() < 0.1:
                self._ask_for_many(client, question, timeout)
            else:
                method = getattr(client, question.operation)
                answer = method(question.relationship, question.key, timeout=timeout, **question.options)
                self.compare(question, answer)
        self.check_time(start, timeout)
        if self.counts["circuit_open"] and time.monotonic() - start < 0.001:
            time.sleep(0.001)  # as a program would that has something else to do

    def _ask_for_many(self, client: Client, like: Question, timeout: float) -> None:
        same = [one for one in self.questions if one[:2] == like[:2] and one.options == like.options]
        several = self.random.sample(same, 20)
        method = getattr(client, like.operation + "_many")
        keys = [one.key for one in several]
        for one, result in zip(several, method(like.relationship, keys, timeout=timeout, **like.options)):
            self.compare(one, result)

    def compare(self, question: Question, answer: Any) -> None:
        self.counts["answers"] += 1
        self.last_answer = time.time()
        if answer != question.answer:
            self.faults.append(f"{question[:4]}: {answer!r}, and the database says {question.answer!r}")

    def check_time(self, start: float, timeout: float) -> None:
        seconds = time.monotonic() - start
        if seconds > timeout + GRACE_SECONDS:
            self.faults.append(f"a call with {timeout} s took {seconds:.1f} s")

    def counting_errors(self) -> CountedErrors:
        return CountedErrors(self.counts)


class CountedErrors:
    """Counts errors of the client by their codes; others are faults."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> bool:
        if isinstance(error, KindredError):
            self._counts[error.code] += 1
            return error.code not in ("protocol_violation", "closed", "bad_request")
        if isinstance(error, asyncio.TimeoutError):
            self._counts["cancelled by the caller"] += 1
            return True
        return False


def trouble(daemon: PrivateDaemon, end: float, chance: random.Random) -> Iterator[str]:
    """Does something to the daemon every few seconds; yields what."""
    while time.time() < end:
        time.sleep(chance.uniform(0.5, 4))
        what = chance.choice(("kill", "restart", "freeze", "freeze", "absence"))
        if what == "restart":
            daemon.restart()
        elif what == "freeze":
            daemon.suspend()
            time.sleep(chance.uniform(0.05, 3))
            daemon.resume()
        else:
            daemon.kill()
            time.sleep(chance.uniform(0.2, 2) if what == "absence" else 0)
            daemon.start()
        yield what


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    asked = questions(bookshop())
    troubles: Counts = collections.Counter()
    total: Counts = collections.Counter()
    faults: list[str] = []
    with PrivateDaemon(bookshop(), with_tcp=True) as daemon:
        end = time.time() + 60 * options.minutes
        workers = []
        for number, kind in enumerate(("one", "one", "threads", "forks", "pipelines", "loop", "loop")):
            address = daemon.tcp if number % 2 else daemon.socket
            receiver, sender = multiprocessing.Pipe(duplex=False)
            worker = Worker(kind, address, asked, end, options.seed + number)
            process = multiprocessing.get_context("fork").Process(target=worker.run, args=(sender,))
            process.start()
            sender.close()
            workers.append((kind, process, receiver))
        for what in trouble(daemon, end - QUIET_SECONDS, random.Random(options.seed)):
            troubles[what] += 1
        for kind, process, receiver in workers:
            if not receiver.poll(max(end - time.time(), 0) + 60):
                faults.append(f"{kind}: hangs")
                process.kill()
                continue
            counts, found = receiver.recv()
            process.join()
            print(f"{kind:10} {dict(counts)}", flush=True)
            total.update(counts)
            faults += [f"{kind}: {fault}" for fault in found]
    print(f"{'total':10} {dict(total)}\ntrouble    {dict(troubles)}")
    for fault in faults[:20]:
        print(f"FAULT      {fault}")
    print(f"{len(faults)} faults")
    return 1 if faults or not total["answers"] else 0


if __name__ == "__main__":
    sys.exit(main())
