"""Where in the transcripts bucket a recording's documents lie.

Limits: an object's key has at most 1,024 bytes of UTF-8 (S3 user guide, "Naming Amazon S3 objects").
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from urllib.parse import quote

from stethoscript.ledger_row import LedgerRow

_MOST_BYTES = 1024
_DOCUMENTS_NAME = 64
"""Bytes that are left for the name of a document in its folder."""
_MOST_PART_BYTES = 255
"""What ext4, XFS, APFS and NTFS take as one name, counted in bytes by the strictest of them."""
_DIGEST = 16
_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9\u00b9\u00b2\u00b3]) *(\..*)?", re.IGNORECASE | re.DOTALL)
"""Names that Windows takes for devices, with any extension:
https://learn.microsoft.com/windows/win32/fileio/naming-a-file"""
_PLAIN = frozenset("-_.,+=@'()! ")


def opaque(row: LedgerRow) -> str:
    """The folder that says nothing of whose recording it is: the day of its arrival, then its job.

    >>> from stethoscript.ledger_row import State
    >>> opaque(LedgerRow("r", State.DELIVERED, "b", "ward/Jane Doe.wav", "v", 0, 0, "clinic-0a1b"))
    '1970-01-01/clinic-0a1b/'
    """
    return f"{datetime.fromtimestamp(row.received, UTC):%Y-%m-%d}/{row.job}/"


def mirrored(row: LedgerRow) -> str:
    """The folder under the upload's own path; the job's name keeps two uploads of one key apart.

    A path too long for that loses its last parts.

    >>> from stethoscript.ledger_row import State
    >>> mirrored(LedgerRow("r", State.DELIVERED, "b", "ward//Jane/../100%.wav", "v", 0, 0, "clinic-0a1b"))
    'ward/%2F/Jane/.%2E/100%25.wav/clinic-0a1b/'
    """
    parts = [_characters(part) for part in row.key.split("/")]
    while parts and len("/".join([*map("".join, parts), row.job]).encode()) > _MOST_BYTES - _DOCUMENTS_NAME:
        parts.pop()
    return "/".join([*map(_shortened, parts), row.job, ""])


FOLDERS: Mapping[str, Callable[[LedgerRow], str]] = {"opaque": opaque, "mirrored": mirrored}
"""The layouts a deployment may choose from. The manifest lies in the opaque folder whatever is chosen."""


def _characters(part: str) -> list[str]:
    """A part of a key as one of a path that every tool takes as it is: no two different ones become the same.

    Letters and digits of any script stay; what browsers, shells and file systems give a meaning, or hide, is
    percent-encoded, and so is the first letter of a name that Windows reserves. A slash never stands within a part, so
    its code can stand for an empty one.
    """
    if not part:
        return ["%2F"]
    plain = [
        each if each in _PLAIN or unicodedata.category(each)[0] in "LNM" else quote(each, safe="") for each in part
    ]
    if plain[-1] in (".", " "):
        plain[-1] = f"%{ord(plain[-1]):02X}"
    if _RESERVED.fullmatch("".join(plain)):
        plain[0] = f"%{ord(plain[0]):02X}"
    return plain


def _shortened(characters: Sequence[str]) -> str:
    """A name that fits. One that does not is cut between two characters, and ends in a digest of all of it."""
    name = "".join(characters)
    if len(name.encode()) <= _MOST_PART_BYTES:
        return name
    lengths = accumulate(len(each.encode()) for each in characters)
    kept = sum(length < _MOST_PART_BYTES - _DIGEST for length in lengths)
    return f"{''.join(characters[:kept])}-{hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]}"
