"""Between the protocol's JSON and what a DBAPI driver gives and takes, by the type of the database's column.

The values that come out are those that mysqlclient, PyMySQL and asyncmy give for a column of that type, so
that SQLAlchemy's own types go on from there, `TypeDecorator` and all.
"""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from .reasons import NotAnswered

_INTEGERS = {"tinyint", "smallint", "mediumint", "int", "integer", "bigint"}
_TEXTS = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"}
_BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
_GEOMETRIES = {
    "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
    "geometrycollection", "geomcollection",
}  # fmt: skip


def kind(column_type: str) -> str:
    """What a type's values are like: integer, year, bit, decimal, float, double, date, time, datetime,
    timestamp, json, text, name (UUID and addresses), bytes or geometry.

    Raises `NotAnswered` for a type that is not known here.
    """
    word = re.match(r"[a-z0-9_]*", column_type.lower())
    name = word.group() if word else ""
    if name in _INTEGERS:
        return "integer"
    if name in _TEXTS:
        return "text"
    if name in _BYTES:
        return "bytes"
    if name in _GEOMETRIES:
        return "geometry"
    if name in ("uuid", "inet4", "inet6"):
        return "name"
    if name in ("decimal", "float", "double", "date", "time", "datetime", "timestamp", "json", "year", "bit"):
        return name
    raise NotAnswered(f"a column of type {column_type}", "value")


def reader(column_type: str) -> Callable[[Any], Any]:
    """A function from a JSON value, not None, to what a driver gives for a column of this type."""
    name = kind(column_type)
    if name == "bit":
        length = (int(column_type[4:-1]) + 7) // 8 if "(" in column_type else 1
        return lambda value: int(value).to_bytes(length, "big")
    if name == "float":
        return _float_reader(column_type)
    return _READERS[name]


def _float_reader(column_type: str) -> Callable[[Any], float]:
    """A FLOAT as the server's text protocol prints it, which is less than kindred tells: 1.23457 where the
    column holds 1.2345678, and 16777200 for 16777216. A FLOAT(9,3) has three digits after the point."""
    digits = re.search(r"\(\d+,(\d+)\)", column_type)
    form = f"%.{digits.group(1)}f" if digits else "%.6g"

    def read(value: Any) -> float:
        (single,) = struct.unpack("f", struct.pack("f", value))
        return float(form % single)

    return read


def _read_date(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        # 0000-00-00 and 2026-02-30, which drivers give as None or as text, each in its own way.
        raise NotAnswered(f"the date {value}", "value") from None


def _read_datetime(value: str) -> datetime:
    moment, _, fraction = value.rstrip("Z").partition(".")
    try:
        return datetime.fromisoformat(f"{moment}.{fraction:0<6}" if fraction else moment)
    except ValueError:
        raise NotAnswered(f"the date {value}", "value") from None


def _read_time(value: str) -> timedelta:
    negative = value.startswith("-")
    hours, minutes, seconds = value.lstrip("-").split(":")
    whole, _, fraction = seconds.partition(".")
    length = timedelta(
        hours=int(hours), minutes=int(minutes), seconds=int(whole), microseconds=int(f"{fraction:0<6}")
    )
    return -length if negative else length


_READERS: dict[str, Callable[[Any], Any]] = {
    "integer": int,
    "year": int,
    "decimal": Decimal,
    "double": float,
    "date": _read_date,
    "time": _read_time,
    "datetime": _read_datetime,
    "timestamp": _read_datetime,
    # The text is another one than the column's (1.1 for 1.10, blanks); the value is the same.
    "json": lambda value: json.dumps(value, ensure_ascii=False),
    "text": str,
    "name": str,
    "bytes": base64.b64decode,
    "geometry": base64.b64decode,
}


def to_wire(value: Any, column_type: str) -> Any:
    """The protocol's form of a value that a statement compares with a column of this type.

    `value` is what the driver would be given, not None. Raises `NotAnswered` where the server's comparison of
    the two would be one of different types, which the protocol does not have.
    """
    name = kind(column_type)
    write = _WRITERS.get(name)
    if write is None:
        raise NotAnswered(f"a comparison with a column of type {column_type}", "value")
    form = write(value, column_type)
    if form is None:
        raise NotAnswered(f"a {type(value).__name__} compared with a column of type {column_type}", "value")
    return form


def _write_integer(value: Any, column_type: str) -> Any:
    if isinstance(value, int):
        return int(value)
    # Text of digits, as the server itself would read it.
    if isinstance(value, str) and re.fullmatch(r"-?[1-9][0-9]{0,18}|0", value):
        return int(value)
    return None


def _write_decimal(value: Any, column_type: str) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    return int(value) if isinstance(value, int) else None


def _write_double(value: Any, column_type: str) -> Any:
    if isinstance(value, (int, float)) and abs(value) < 1e308:
        return float(value)
    return None


def _write_date(value: Any, column_type: str) -> Any:
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else None


def _write_datetime(value: Any, column_type: str) -> Any:
    if not isinstance(value, datetime) or value.tzinfo is not None:
        return None
    return value.isoformat() if _keeps_fraction(value.microsecond, column_type) else None


def _write_timestamp(value: Any, column_type: str) -> Any:
    form = _write_datetime(value, column_type)
    return form and form + "Z"


def _write_time(value: Any, column_type: str) -> Any:
    if not isinstance(value, timedelta) or not _keeps_fraction(value.microseconds, column_type):
        return None
    length = abs(value)
    seconds = length.days * 86400 + length.seconds
    form = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if length.microseconds:
        form += f".{length.microseconds:06}".rstrip("0")
    return "-" + form if value < timedelta(0) else form


def _keeps_fraction(microseconds: int, column_type: str) -> bool:
    """Whether the column can hold the value; a finer one equals nothing for the server, and no key."""
    digits = re.search(r"\((\d)\)", column_type)
    kept = int(digits.group(1)) if digits else 0
    return microseconds % int(10 ** (6 - kept)) == 0


def _write_bytes(value: Any, column_type: str) -> Any:
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    return None


_WRITERS: dict[str, Callable[[Any, str], Any]] = {
    "integer": _write_integer,
    "year": _write_integer,
    "decimal": _write_decimal,
    "double": _write_double,
    "date": _write_date,
    "datetime": _write_datetime,
    "timestamp": _write_timestamp,
    "time": _write_time,
    "bytes": _write_bytes,
    "text": lambda value, column_type: str(value) if isinstance(value, str) else None,
    "name": lambda value, column_type: str(value) if isinstance(value, str) else None,
}
