"""Answers SELECTs in the place of the database, where SQLAlchemy is about to send them to it."""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

from kindred_db import (
    BadKey,
    BadRequest,
    BadValue,
    KindredError,
    SourceChanged,
    Timeout,
    TooLarge,
    UnknownName,
)

from . import connections, transactions, values, verification
from .catalog import Catalog
from .daemon import Daemon
from .exchange import Exchange, Request, Row
from .execution import Execution
from .plan import Plan, make_plan
from .questions import Asked, Question
from .reasons import FAULTS, NotAnswered
from .report import Report
from .siblings import Prefetched, sibling_keys
from .statement import read

log = logging.getLogger("kindred_db.sqlalchemy")

#: The counter of `Stats` for each kind of reason.
_COUNTERS = {"structure": "not_understood", "value": "not_understood", "rule": "bypassed", "daemon": "failed"}
#: Seconds for which a daemon that does not answer is not logged again.
_QUIET_S = 60.0
#: The answerers that this thread, or this asyncio task, has asked to stand aside.
_bypassed: ContextVar[frozenset[Answerer]] = ContextVar("kindred_bypassed", default=frozenset())
#: What the daemon would say again: it refuses the request itself, or a value of it.
_FOR_GOOD = (BadRequest, BadKey, BadValue)


@dataclass(frozen=True)
class Settings:
    """The options of `attach` that decide what is answered."""

    all_selects: bool
    any_isolation: bool
    any_server: bool
    verify: float


class Answerer:
    """The listeners of one engine. None of them raises an exception of its own; what a signal handler raises
    meanwhile, to end a task, passes."""

    def __init__(self, daemon: Daemon, settings: Settings, prefetched: Prefetched | None) -> None:
        self.report = Report()
        self._daemon = daemon
        self._settings = settings
        self._prefetched = prefetched
        # By compiled statement, which SQLAlchemy's cache keeps: what was found out about it, for one catalog.
        self._plans: WeakKeyDictionary[Any, tuple[Catalog, Exchange | NotAnswered]] = WeakKeyDictionary()
        self._complained = -_QUIET_S

    @contextmanager
    def bypass(self) -> Iterator[None]:
        token = _bypassed.set(_bypassed.get() | {self})
        try:
            yield
        finally:
            _bypassed.reset(token)

    # The listeners.

    def on_execute(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
        """`do_execute`: true if the statement has been answered."""
        try:
            execution = Execution(cursor, statement, parameters, context)
            may_write = transactions.notice(context, statement)
            return True if not may_write and self._answer(execution) else None
        except (*FAULTS, context.dialect.dbapi.Error) as fault:
            self.report.refuse(statement, f"a fault of kindred_db: {fault!r}", "failed")
            log.exception("kindred left a statement to SQL because of a fault of its own: %s", statement)
            return None

    def on_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any) -> None:
        self._on_other(context, statement)

    def on_execute_no_params(self, cursor: Any, statement: str, context: Any) -> None:
        self._on_other(context, statement)

    def on_transaction_end(self, connection: Any, *arguments: Any) -> None:
        transactions.forget(connection)
        if self._prefetched is not None:
            self._prefetched.drop(connection)

    def on_expire(self, state: Any, attributes: Any) -> None:
        session = state.session
        if self._prefetched is not None and session is not None:
            self._prefetched.drop_of(session)

    def _on_other(self, context: Any, statement: str) -> None:
        try:
            transactions.notice(context, statement)
        except FAULTS:
            log.exception("kindred could not look at a statement: %s", statement)

    # Answering.

    def _answer(self, execution: Execution) -> bool:
        compiled = execution.context.compiled
        if compiled is None or getattr(compiled, "compile_state", None) is None:
            return False
        if execution.streams and not execution.is_relationship_load:
            # Its relationships are answered while it is read, when the session cannot be asked any more.
            connections.facts(execution.context, self._settings.any_server)
        question = execution.options.get("kindred_question")
        if not (question or execution.is_relationship_load or self._settings.all_selects):
            return False
        try:
            if question:
                answer = self._answer_to(question, execution)
            else:
                answer = self._checked_rows(self._exchange(execution), execution)
        except NotAnswered as refusal:
            self._refused(execution, refusal)
            return False
        except KindredError as error:
            self._failed(execution, error)
            return False
        self._deliver(execution, answer)
        return True

    def _exchange(self, execution: Execution) -> Exchange:
        catalog = self._catalog(execution)
        exchange = self._understood(execution.context, catalog)
        self._check_session(execution, catalog, exchange.plan.has_timestamp)
        return exchange

    def _catalog(self, execution: Execution) -> Catalog:
        self._check_options(execution)
        catalog = self._daemon.catalog()
        if not catalog.tells_structure:
            raise NotAnswered(
                "this daemon is older than the structure in 'describe'; renew kindred", "daemon"
            )
        return catalog

    def _check_session(self, execution: Execution, catalog: Catalog, has_timestamp: bool) -> None:
        connections.check(
            connections.facts(execution.context, self._settings.any_server),
            catalog,
            any_isolation=self._settings.any_isolation,
            any_server=self._settings.any_server,
            has_timestamp=has_timestamp,
        )

    def _answer_to(self, question: Question, execution: Execution) -> list[Row]:
        """The rows of a statement that says itself what it asks: a limit or a position for each parent."""
        catalog = self._catalog(execution)
        asked = question.ask(execution.context.compiled, catalog, execution.context.dialect)
        self._check_session(execution, catalog, asked.has_timestamp)
        rows = self._ask_question(asked)
        if not self._settings.verify or random.random() >= self._settings.verify:
            return rows
        theirs = verification.sql_rows(
            execution.cursor, execution.statement, execution.parameters, execution.context
        )
        self.report.count("verified")
        if verification.are_same(asked.types, rows, theirs):
            return rows
        # Somebody may have committed in between; then kindred says by now what SQL has said.
        if not verification.are_same(asked.types, self._ask_question(asked), theirs):
            self.report.count("mismatched")
            log.error(
                "kindred's rows for %s differ from those of SQL, which are used: %s; "
                "kindred %.1000s; SQL %.1000s",
                question.label, execution.statement, rows, theirs,
            )  # fmt: skip
        return theirs

    def _ask_question(self, asked: Asked) -> list[Row]:
        rows = asked.rows(self._daemon.ask(asked))
        self.report.count("requests")
        return rows

    def _check_options(self, execution: Execution) -> None:
        """The rules that need neither the statement's structure nor the session's settings."""
        options, context = execution.options, execution.context
        if self in _bypassed.get():
            raise NotAnswered("bypass()", "rule")
        if options.get("kindred") is False:
            raise NotAnswered("the execution option kindred=False", "rule")
        reason = transactions.reason(context.root_connection)
        if reason:
            raise NotAnswered(reason, "rule")
        if options.get("schema_translate_map"):
            raise NotAnswered("schema_translate_map", "rule")
        if execution.streams and not execution.is_relationship_load:
            raise NotAnswered("stream_results or yield_per", "rule")
        if connections.is_rewritten(
            execution.statement, context.statement, execution.parameters, context.parameters[0]
        ):
            raise NotAnswered("a listener has rewritten the statement", "rule")

    def _understood(self, context: Any, catalog: Catalog) -> Exchange:
        known = self._plans.get(context.compiled)
        if known is None or known[0] is not catalog:
            known = (catalog, self._understand(context, catalog))
            self._plans[context.compiled] = known
        if isinstance(known[1], NotAnswered):
            raise NotAnswered(known[1].reason, known[1].kind)
        return known[1]

    def _understand(self, context: Any, catalog: Catalog) -> Exchange | NotAnswered:
        compiled, dialect = context.compiled, context.dialect
        try:
            shape = read(getattr(compiled.compile_state, "statement", None), dialect)
            plan = make_plan(shape, catalog)
            if len(plan.cells) != len(compiled._result_columns):
                raise NotAnswered("the result has other columns than the SELECT")
            return Exchange(plan, compiled, dialect)
        except NotAnswered as refusal:
            # Another one, without a traceback that would keep this execution's objects.
            return NotAnswered(refusal.reason, refusal.kind)

    def _checked_rows(self, exchange: Exchange, execution: Execution) -> list[Row]:
        request = exchange.request(execution.context)
        if not execution.is_relationship_load:
            _check_free(exchange.plan, request)
        rows = self._rows(exchange, request, execution)
        # A second statement would end the one that is being streamed.
        if self._settings.verify > random.random() and not execution.streams:
            rows = self._verified(exchange, request, execution, rows)
        return rows

    def _rows(self, exchange: Exchange, request: Request, execution: Execution) -> list[Row]:
        parent = execution.lazy_parent if self._prefetched is not None and not request.many else None
        if parent is None or None in request.keys[0]:
            return exchange.rows(request.keys, self._ask(request, request.keys))
        return exchange.rows(request.keys, self._with_siblings(exchange, request, execution, parent))

    def _ask(self, request: Request, keys: list[Any]) -> list[Any]:
        results = self._daemon.load(request, keys)
        self.report.count("requests")
        return results

    def _with_siblings(
        self, exchange: Exchange, request: Request, execution: Execution, parent: Any
    ) -> list[Any]:
        """The result for a lazy load: one that a sibling has brought, or a new one, with the siblings'."""
        prefetched: Any = self._prefetched
        connection = execution.context.root_connection
        taken = prefetched.take(connection, parent, request)
        if taken is not None:
            self.report.count("prefetched")
            return list(taken)
        if prefetched.is_alone(connection, parent, request):
            return self._ask(request, request.keys)
        uses = Counter(
            sibling_keys(exchange.plan, exchange, execution.path, parent, prefetched.most_siblings)
        )
        own = request.keys[0]
        keys = [own, *(key for key in uses if key != own)]
        try:
            results = dict(zip(keys, self._ask(request, keys)))
        except KindredError as error:
            # The siblings ask for themselves, and are not looked for again.
            prefetched.keep(connection, parent, request, {})
            if len(keys) == 1 or not isinstance(error, (TooLarge, BadKey)):
                raise
            # All together are too much for one reply, or one has a wrong key; each for itself may be right.
            return self._ask(request, request.keys)
        prefetched.keep(connection, parent, request, {key: [results[key], uses[key]] for key in uses})
        return [results[own]]

    def _verified(
        self, exchange: Exchange, request: Request, execution: Execution, rows: list[Row]
    ) -> list[Row]:
        """The rows, compared with those of SQL; SQL's where they differ."""
        theirs = verification.sql_rows(
            execution.cursor, execution.statement, execution.parameters, execution.context
        )
        plan = exchange.plan
        self.report.count("verified")
        if verification.are_equal(plan, rows, theirs):
            return rows
        # Somebody may have committed in between; then kindred says by now what SQL has said.
        again = exchange.rows(request.keys, self._ask(request, request.keys))
        if not verification.are_equal(plan, again, theirs):
            self.report.count("mismatched")
            log.error(
                "kindred's rows for '%s' differ from those of SQL, which are used: %s; keys %.200s; "
                "kindred %.1000s; SQL %.1000s",
                request.name, execution.statement, request.keys, rows, theirs,
            )  # fmt: skip
        return theirs

    def _deliver(self, execution: Execution, rows: list[Row]) -> None:
        """Gives SQLAlchemy the rows as those of a cursor that has been read to its end."""
        columns = execution.context.compiled._result_columns
        description = [(column.keyname, None, None, None, None, None, None) for column in columns]
        execution.context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
            execution.cursor, description, rows
        )
        if execution.streams and execution.context.dialect.driver == "mysqldb":
            # Closing a cursor looks for further results, even one that was never executed, and ends the
            # statement that the connection is streaming. Without a connection it only closes.
            execution.cursor.connection = None
        execution.context._rowcount = len(rows)
        self.report.count("loads", "answered")
        # SQLAlchemy's own log shows the statement as if it had been sent.
        log.debug("answered by kindred, %d rows: %s", len(rows), execution.statement)

    # What was not answered.

    def _refused(self, execution: Execution, refusal: NotAnswered) -> None:
        self.report.refuse(execution.text, refusal.reason, _COUNTERS[refusal.kind])
        if refusal.kind == "daemon":
            self._complain(refusal.reason)

    def _failed(self, execution: Execution, error: KindredError) -> None:
        # A daemon of before does not know the option, and is no less another one.
        is_older = isinstance(error, BadRequest) and "'source_version'" in error.message
        if is_older or isinstance(error, (UnknownName, SourceChanged)):
            self._daemon.refresh()
        if isinstance(error, Timeout):
            transactions.give_up(execution.context.root_connection)
        is_for_good = isinstance(error, _FOR_GOOD)
        name = "not_understood" if is_for_good else "failed"
        self.report.refuse(execution.text, f"kindred: {error.code}", name)
        if not is_for_good:
            self._complain(str(error))

    def _complain(self, reason: str) -> None:
        now = time.monotonic()
        if now - self._complained >= _QUIET_S:
            self._complained = now
            log.warning("loads run as SQL for now: %s", reason)


def _check_free(plan: Plan, request: Request) -> None:
    """A statement that the application has written, and not SQLAlchemy for parents that it has loaded."""
    if plan.needs_parent:
        raise NotAnswered("the parent's row may be missing")
    is_text = any(values.kind(type_) == "text" for type_ in plan.key.types)
    if is_text and any(cell.part is not None for cell in plan.cells):
        raise NotAnswered("a text that the collation finds equal to the key is shown")
    # A list's rows come in the statement's order, each once.
    if request.many and plan.order:
        raise NotAnswered("ORDER BY over the rows of several keys")
    if request.many and is_text:
        raise NotAnswered("a list of texts, of which a collation may find two equal")
