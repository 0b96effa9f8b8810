"""The keys of a recording's documents in the transcripts bucket.

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
"""Bytes reserved for the file name of a document."""
_MOST_PART_BYTES = 255
"""The longest file name of ext4, XFS, APFS and NTFS, in bytes, by the strictest of them."""
_DIGEST = 16
_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9\u00b9\u00b2\u00b3]) *(\..*)?", re.IGNORECASE | re.DOTALL)
"""Names that Windows reserves for devices, with any extension:
https://learn.microsoft.com/windows/win32/fileio/naming-a-file"""
_PLAIN = frozenset("-_.,+=@'()! ")


def opaque(row: LedgerRow) -> str:
    """A folder without patient data: the day of the upload, then the job.

    >>> from stethoscript.ledger_row import State
    >>> opaque(LedgerRow("r", State.DELIVERED, "b", "ward/Jane Doe.wav", "v", 0, 0, "clinic-0a1b"))
    '1970-01-01/clinic-0a1b/'
    """
    return f"{datetime.fromtimestamp(row.received, UTC):%Y-%m-%d}/{row.job}/"


def mirrored(row: LedgerRow) -> str:
    """A folder with the upload's path, then the job, because two uploads can have the same key.

    If the path is too long, its last parts are left out.

    >>> from stethoscript.ledger_row import State
    >>> mirrored(LedgerRow("r", State.DELIVERED, "b", "ward//Jane/../100%.wav", "v", 0, 0, "clinic-0a1b"))
    'ward/%2F/Jane/.%2E/100%25.wav/clinic-0a1b/'
    """
    parts = [_characters(part) for part in row.key.split("/")]
    while parts and len("/".join([*map("".join, parts), row.job]).encode()) > _MOST_BYTES - _DOCUMENTS_NAME:
        parts.pop()
    return "/".join([*map(_shortened, parts), row.job, ""])


FOLDERS: Mapping[str, Callable[[LedgerRow], str]] = {"opaque": opaque, "mirrored": mirrored}
"""The layouts, by their names in the configuration. The manifest is always in the opaque folder."""


def _characters(part: str) -> list[str]:
    """A part of a key, as characters that every tool accepts. Two different parts never give the same result.

    Letters and digits of any script stay. Characters that browsers, shells or file systems interpret or hide are
    percent-encoded, and so is the first letter of a name that Windows reserves. A part never holds a slash, so the
    slash's code represents an empty part.
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
    """A name within the limit. A longer name is cut between two characters, and ends with a digest of the whole."""
    name = "".join(characters)
    if len(name.encode()) <= _MOST_PART_BYTES:
        return name
    lengths = accumulate(len(each.encode()) for each in characters)
    kept = sum(length < _MOST_PART_BYTES - _DIGEST for length in lengths)
    return f"{''.join(characters[:kept])}-{hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]}"
