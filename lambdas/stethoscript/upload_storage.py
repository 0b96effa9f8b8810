"""Storage classes and encryption of an upload that make it unreadable, whatever our permissions.

Sources: the S3 API's HeadObject and GetObject (storage class, restore, encryption, InvalidObjectState).
"""

from collections.abc import Mapping
from typing import Any

from stethoscript.rejections import Rejected

_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")


def check_class(head: Mapping[str, Any]) -> None:
    """Reject an upload in an archive storage class, unless it was restored. `head` is HeadObject's answer.

    Raises:
        Rejected: S3 cannot return its content.
    """
    archived = head.get("StorageClass") in _ARCHIVES or head.get("ArchiveStatus")
    if archived and 'ongoing-request="false"' not in head.get("Restore", ""):
        raise archive()


def archive() -> Rejected:
    """The rejection of an archived upload."""
    return Rejected("Archived", "It is in an archive storage class: restore it, then upload a copy of it again.")


def unreadable(code: str, text: str) -> Rejected | None:
    """The rejection that an error code and text of S3 prove; None if they prove nothing against the upload."""
    if code == "InvalidObjectState":
        return archive()
    if code == "InvalidRequest" and "Server Side Encryption" in text:
        return Rejected("CustomerKey", "It is encrypted with a key of your own (SSE-C): upload it again without one.")
    return None


def foreign_key(head: Mapping[str, Any], key_arn: str) -> Rejected | None:
    """The rejection of an upload that is encrypted with another KMS key than ours. `head` is HeadObject's answer.

    None without a key, or with the key `key_arn`, because then the cause is our own permissions.
    """
    key = head.get("SSEKMSKeyId")
    if not key or key_arn.endswith(str(key)):
        return None
    return Rejected(
        "ForeignKey",
        "It is encrypted with a KMS key that this deployment may not use: upload it again without naming a key.",
    )
