"""What the statements of a transaction do that kindred does not see, or that outlasts the transaction."""

from __future__ import annotations

import functools
import re
from typing import Any

from sqlalchemy.sql.selectable import CompoundSelect, Select

from . import connections

#: The key under which the pool's record of a driver connection keeps why its transaction is left to SQL.
_REASON_KEY = "kindred_db.transaction"

#: Texts and comments, but for comments that the server executes: /*! … */
_TEXTS_AND_COMMENTS = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|/\*(?![!+]|M!)(?:(?!\*/).)*\*/|--\s[^\n]*|\#[^\n]*",
    re.DOTALL,
)
#: Where a statement begins, also behind another one and in a comment that is executed.
_START = r"(?:\A|;)\s*(?:/\*M?!\d*\s*)?"
_HIDES_OR_LOCKS = re.compile(
    _START + r"(create\s+(or\s+replace\s+)?temporary|lock\s+tables?|call|execute)\b", re.IGNORECASE
)
_SETS = re.compile(_START + r"(set|use)\b", re.IGNORECASE)
_CALL = re.compile(r"(?:(\w+)`?|`)\s*\(")
#: Words before a parenthesis in a SELECT that call no function which could write.
_WORDS = """
    all and any as between by case distinct div else except exists for from group having in index inner
    intersect interval is join key lateral left like mod not on or order over partition regexp right rlike
    select some then union using values when where window with xor
    binary char date datetime decimal double float int integer json nchar signed time unsigned varchar year
    abs acos adddate addtime against ascii asin atan atan2 avg bin bit_and bit_count bit_length bit_or bit_xor
    cast ceil ceiling char_length character_length coalesce collation concat concat_ws connection_id conv
    convert convert_tz cos cot count crc32 cume_dist curdate current_date current_time current_timestamp
    current_user curtime database date_add date_format date_sub datediff day dayname dayofmonth dayofweek
    dayofyear degrees dense_rank elt exp extract field find_in_set first_value floor format from_base64
    from_days from_unixtime greatest group_concat grouping hex hour if ifnull inet6_aton inet6_ntoa inet_aton
    inet_ntoa insert instr isnull lag last_day last_value lcase lead least length ln localtime localtimestamp
    locate log log10 log2 lower lpad ltrim makedate maketime match max md5 microsecond mid min minute month
    monthname now nth_value ntile nullif oct octet_length ord percent_rank pi position pow power quarter quote
    radians rand rank repeat replace reverse round row row_number rpad rtrim schema sec_to_time second
    session_user sha sha1 sha2 sign sin soundex space sqrt std stddev stddev_pop stddev_samp str_to_date
    strcmp subdate substr substring substring_index subtime sum sysdate system_user tan timediff timestamp
    timestampadd timestampdiff time_format time_to_sec to_base64 to_days to_seconds trim truncate ucase unhex
    unix_timestamp upper user utc_date utc_time utc_timestamp uuid uuid_short var_pop var_samp variance
    version week weekday weekofyear yearweek
    """
_HARMLESS = frozenset(_WORDS.split())
_HARMLESS_BEGINNINGS = ("json_", "regexp_", "st_")


def reason(connection: Any) -> str:
    """Why the rest of the connection's transaction is left to SQL; empty if it is not.

    It is kept with the connection of the driver, which several Connections of SQLAlchemy may share.
    """
    return str(connection.connection.info.get(_REASON_KEY, ""))


def notice(context: Any, statement: str) -> bool:
    """Looks at a statement that is about to run; true if it may write."""
    if not may_write(context, statement):
        return False
    checkout = context.root_connection.connection
    checkout.info[_REASON_KEY] = "the transaction has written"
    if not (context.isinsert or context.isupdate or context.isdelete):
        _notice_session_change(checkout, statement)
    return True


def give_up(connection: Any) -> None:
    """A load has timed out. The others may wait for the same: a lock of this very transaction."""
    connection.connection.info.setdefault(_REASON_KEY, "a load of the transaction has timed out")


def forget(connection: Any) -> None:
    """The transaction has ended. (A savepoint's end is none.)"""
    checkout = connection._dbapi_connection
    if checkout is not None:
        checkout.info.pop(_REASON_KEY, None)


def may_write(context: Any, statement: str) -> bool:
    """INSERT, UPDATE, DELETE, DDL, any text but SELECT, SHOW and XA, and what calls a function that could
    write."""
    if context.isinsert or context.isupdate or context.isdelete or context.isddl:
        return True
    compiled = context.compiled
    if compiled is not None and isinstance(compiled.statement, (Select, CompoundSelect)):
        return may_call(compiled.string)
    return re.match(r"\s*(select|show|xa)\b", statement, re.IGNORECASE) is None or may_call(statement)


@functools.lru_cache(maxsize=1000)
def may_call(statement: str) -> bool:
    """Whether a SELECT may call a stored function, or has another statement behind it."""
    bare = _bare(statement)
    return ";" in bare.rstrip("; \t\r\n") or any(map(_may_write_word, _CALL.findall(bare)))


def _may_write_word(word: str) -> bool:
    word = word.lower()
    return word not in _HARMLESS and not word.startswith(_HARMLESS_BEGINNINGS)


def _bare(statement: str) -> str:
    return _TEXTS_AND_COMMENTS.sub(" ", statement)


def _notice_session_change(checkout: Any, statement: str) -> None:
    """What a statement changes for longer than its transaction."""
    bare = _bare(statement)
    if _HIDES_OR_LOCKS.search(bare):
        # A temporary table hides another, and a procedure may make one; a locked one would let kindred wait.
        # Both outlast COMMIT.
        connections.give_up(checkout, "a temporary table or LOCK TABLES, or a procedure")
    if _SETS.search(bare):
        connections.forget(checkout)
