"""Python's values as the protocol writes them in keys, filters and positions.

What JSON has stays as it is. The rest becomes the text that the daemon shows for a column of that type, so
that it finds the row again: see "Values" in the protocol's description.
"""

from __future__ import annotations

import base64
import datetime
import enum
import math
import operator
import uuid
from collections.abc import Mapping, Set
from decimal import Decimal
from typing import Any, Union

_MOST_BITS = 4096

JSONScalar = Union[None, int, float, str]


def scalar(value: Any, argument: str) -> JSONScalar:
    """One value for one column.

    - `bool` becomes 1 or 0, as MariaDB and MySQL keep it.
    - `Decimal` becomes its digits, `"12.50"`, and is never rounded.
    - `datetime` becomes `"2026-11-22T10:39:00.123000"`; one with a time zone becomes UTC and ends in `Z`, as
      a `TIMESTAMP` does.
    - `date` becomes `"2026-11-22"`, `time` and `timedelta` become `"-38:59:59"`.
    - `bytes` become base64, `UUID` its usual text, an `Enum` its value.

    Args:
        value: What the caller gave.
        argument: The name by which an error calls it.

    Raises:
        ValueError: A number that is not finite, or a text with half a surrogate pair.
        TypeError: A type for which no column has a form.
    """
    if value is None:
        return None
    if isinstance(value, enum.Enum):
        return scalar(value.value, argument)
    if isinstance(value, str):
        return _text(value, argument)
    if isinstance(value, float):
        return _finite(float(value), argument)
    if hasattr(value, "__index__"):  # bool, and the integers of numpy
        return _integer(operator.index(value), argument)
    return _as_text(value, argument)


def _text(value: str, argument: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"{argument}: {value!r} has half a surrogate pair, which no text of a database has"
            ) from None
    return str(value)


def _integer(value: int, argument: str) -> int:
    if value.bit_length() > _MOST_BITS:
        raise ValueError(f"{argument}: an integer of more than {_MOST_BITS} bits is a value of no column")
    return int(value)  # True and False are integers that JSON writes otherwise


def _finite(value: float, argument: str) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{argument}: {value} is a value of no column")
    return value


def _as_text(value: Any, argument: str) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{argument}: {value} is a value of no column")
        return format(value, "f")  # without an exponent
    if isinstance(value, datetime.datetime):
        return _datetime(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        if value.tzinfo is not None:
            raise ValueError(f"{argument}: a TIME has no time zone, but {value!r} has one")
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return duration(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"{argument}: {type(value).__name__} is no type of a column's values")


def _datetime(value: datetime.datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(datetime.timezone.utc).replace(tzinfo=None).isoformat() + "Z"


def duration(value: datetime.timedelta) -> str:
    """A value of a `TIME` column: `"-38:59:59"`, `"08:05:01.250000"`."""
    sign = "-" if value < datetime.timedelta() else ""
    value = abs(value)
    minutes, seconds = divmod(value.days * 86400 + value.seconds, 60)
    fraction = f".{value.microseconds:06}" if value.microseconds else ""
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{fraction}"


def key(value: Any, argument: str) -> JSONScalar | list[JSONScalar]:
    """A key: one value, or a list or tuple with the parts of a composite one."""
    if isinstance(value, (list, tuple)):
        return [scalar(part, argument) for part in value]
    return scalar(value, argument)


def keys(values: Any, argument: str) -> list[JSONScalar | list[JSONScalar]]:
    """Many keys, from any iterable that has an order."""
    if isinstance(values, (str, bytes, bytearray, Mapping, Set)):
        raise TypeError(
            f"{argument}: must be a list of keys, whose order the results keep, not {type(values).__name__}"
        )
    return [key(value, f"{argument}[{index}]") for index, value in enumerate(values)]


def conditions(where: Any, argument: str) -> dict[str, Any]:
    """Filters: `{"sold": {"gte": 1000}, "published": None, "id": [1, 2]}`."""
    if not isinstance(where, Mapping):
        raise TypeError(f"{argument}: must be a mapping of columns to values, not {type(where).__name__}")
    return {column: _condition(value, f"{argument}.{column}") for column, value in where.items()}


def _condition(value: Any, argument: str) -> Any:
    if isinstance(value, Mapping):
        return {
            comparison: _operand(operand, f"{argument}.{comparison}") for comparison, operand in value.items()
        }
    return _operand(value, argument)


def _operand(value: Any, argument: str) -> Any:
    if isinstance(value, (list, tuple, Set)):
        return [scalar(part, argument) for part in value]
    return scalar(value, argument)
