"""How S3 keeps an upload, and when that makes it unreadable to us whatever we are allowed.

Sources: the S3 API's HeadObject and GetObject (storage class, restore, encryption, InvalidObjectState).
"""

from collections.abc import Mapping
from typing import Any

from stethoscript.rejections import Rejected

_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")


def check_class(head: Mapping[str, Any]) -> None:
    """Refuse what lies in an archive, from which nothing can be read; not what was restored from one.

    Raises:
        Rejected: it does.
    """
    archived = head.get("StorageClass") in _ARCHIVES or head.get("ArchiveStatus")
    if archived and 'ongoing-request="false"' not in head.get("Restore", ""):
        raise archive()


def archive() -> Rejected:
    """Why an archived upload is refused."""
    return Rejected("Archived", "It lies in an archive storage class: restore it, then upload a copy of it again.")


def unreadable(code: str, text: str) -> Rejected | None:
    """What S3's answer to reading an upload says against the upload itself; None if it says nothing of the kind."""
    if code == "InvalidObjectState":
        return archive()
    if code == "InvalidRequest" and "Server Side Encryption" in text:
        return Rejected("CustomerKey", "It is encrypted with a key of your own (SSE-C): upload it again without one.")
    return None


def foreign_key(head: Mapping[str, Any], key_arn: str) -> Rejected | None:
    """Why an upload is refused that may be looked up but not read: it is encrypted with a KMS key that is not ours.

    None if it is ours, or none: then not the upload is at fault but our own rights.
    """
    key = head.get("SSEKMSKeyId")
    if not key or key_arn.endswith(str(key)):
        return None
    return Rejected(
        "ForeignKey",
        "It is encrypted with a KMS key that this deployment may not use: upload it again without naming a key.",
    )
