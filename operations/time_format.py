"""Times as people and programs read them."""

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def iso(seconds: float | None) -> str | None:
    """ISO 8601 in UTC.

    >>> iso(0), iso(None)
    ('1970-01-01T00:00:00Z', None)
    """
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(seconds: float) -> str:
    """The same for people.

    >>> clock(0)
    '1970-01-01 00:00:00 UTC'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def span(seconds: float) -> str:
    """How long, as one would say it.

    >>> span(8), span(125), span(7260), span(200_000)
    ('8 s', '2 min', '2 h 1 min', '2 d 7 h')
    """
    whole = max(0, int(seconds))
    if whole < 2 * _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def since(text: str, now: float) -> int:
    """A moment: so long ago (`90s`, `30m`, `2h`, `7d`) or an ISO date or time, UTC unless it says otherwise.

    Raises:
        ValueError: neither.

    >>> since("2h", 10_000), since("1970-01-02", 0)
    (2800, 86400)
    """
    if match := re.fullmatch(r"(\d{1,6})([smhd])", text):
        return int(now - timedelta(**{_UNITS[match[2]]: int(match[1])}).total_seconds())
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
