"""The values of positions: which types have them, how JSON has each, and how a driver takes it.

Nothing here asks a database.
"""

from __future__ import annotations

import base64
import math
import struct
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy.dialects import mysql

_DIALECT = mysql.dialect()

# The types whose values may be longer than the 1,024 bytes by which the servers sort, if they tell no length.
_LONG_TEXTS = frozenset(["text", "unicode_text", "clob", "mediumtext", "longtext"])
_LONG_BYTES = frozenset(["large_binary", "blob", "mediumblob", "longblob"])
# In characters or bytes, as kindred has it.
_LONGEST = 1000


def plain_type(type_: sqltypes.TypeEngine[Any]) -> sqltypes.TypeEngine[Any]:
    """The type that the column has in the database, behind TypeDecorators and variants."""
    found = type_.dialect_impl(_DIALECT)
    while isinstance(found, sqltypes.TypeDecorator):
        found = found.impl_instance.dialect_impl(_DIALECT)
    return found


def is_number_of_label(type_: sqltypes.TypeEngine[Any]) -> bool:
    """Whether the column is an ENUM or a SET, which sort by numbers."""
    plain = plain_type(type_)
    return isinstance(plain, mysql.SET) or (isinstance(plain, sqltypes.Enum) and plain.native_enum)


def is_single(type_: sqltypes.TypeEngine[Any]) -> bool:
    """Whether the column is a FLOAT of four bytes."""
    plain = plain_type(type_)
    is_float = isinstance(plain, sqltypes.Float) and plain.__visit_name__.lower() == "float"
    return is_float and (getattr(plain, "precision", None) or 0) <= 24


def has_positions(type_: sqltypes.TypeEngine[Any]) -> bool:
    """Whether the servers sort values of this type as they compare them, so that a page can begin at one."""
    plain = plain_type(type_)
    if isinstance(plain, sqltypes.JSON):
        return False
    # MariaDB sorts texts of these collations as if they were padded.
    if "_nopad_" in (getattr(plain, "collation", None) or ""):
        return False
    length = getattr(plain, "length", None)
    if length is None or not isinstance(plain, (sqltypes.String, sqltypes._Binary)):
        return plain.__visit_name__.lower() not in _LONG_TEXTS | _LONG_BYTES
    return bool(length <= _LONGEST)


def driver_value(value: Any, type_: sqltypes.TypeEngine[Any]) -> Any:
    """A position's value as a driver takes it: what would be compared inexactly as a text gets its own
    type.

    Raises:
        ValueError, TypeError, ArithmeticError: for a value that the type cannot have.
    """
    driver = _converted(value, plain_type(type_))
    if isinstance(driver, (float, Decimal)) and not math.isfinite(driver):
        raise ValueError(f"{value} is no value of a column")
    if isinstance(driver, str):
        # JSON can have halves of characters, which no driver can send.
        driver.encode("utf-8")
    return driver


def _converted(value: Any, plain: sqltypes.TypeEngine[Any]) -> Any:
    if isinstance(plain, sqltypes.Float):
        return _rounded(float(value)) if is_single(plain) else float(value)
    if isinstance(plain, sqltypes.Numeric):
        return Decimal(value)
    if isinstance(plain, sqltypes._Binary):
        return base64.b64decode(value)
    if isinstance(plain, sqltypes.DateTime) and isinstance(value, str):
        return value.rstrip("Z")
    return value


def _rounded(value: float) -> float:
    """The value that a FLOAT keeps of a number, exactly: 0.1 is 0.10000000149011612 there."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def json_value(value: Any) -> Any:
    """A driver's value in the form of the protocol."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (Decimal, time)):
        return str(value)
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    return value


def _duration(value: timedelta) -> str:
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(value.days * 86400 + value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06}" if value.microseconds else ""
    return f"{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}"
