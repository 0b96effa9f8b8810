"""An upload in the intake bucket."""

from dataclasses import dataclass

NO_VERSION = "null"
"""S3's version id of each object that is stored while versioning is suspended. It identifies no recording, because the
next upload under the key replaces the object and has the same id."""


@dataclass(frozen=True)
class Upload:
    """One version of a recording in the intake bucket."""

    bucket: str
    key: str
    version: str


def is_folder(key: str, size: int) -> bool:
    """Whether an object is only the placeholder of a folder, which the S3 console creates.

    >>> is_folder("dictation/", 0), is_folder("dictation/a.wav", 0)
    (True, False)
    """
    return size == 0 and key.endswith("/")
