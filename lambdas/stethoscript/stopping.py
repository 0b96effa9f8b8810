"""Stopping a recording: it was cancelled, or its upload was deleted before its transcript was delivered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stethoscript.rejections import Rejected

GONE, CANCELLED = "Gone", "Cancelled"
REASONS = (GONE, CANCELLED)

_ONCE_BEGUN: Mapping[str, str] = {
    GONE: "The upload was deleted after Transcribe had begun: the job is charged, and its output was removed. "
    "Upload the recording again if it is wanted.",
    CANCELLED: "It was cancelled after Transcribe had begun: the job is charged, and its output was removed. "
    "Have your operator retry it if it is wanted after all.",
}


def refusal(reason: str) -> Rejected:
    """How a recording ends that was stopped before Transcribe began."""
    if reason == GONE:
        return Rejected("Gone", "The upload was deleted before it was transcribed; upload it again if it is wanted.")
    return Rejected("Cancelled", "It was cancelled before it was transcribed; upload it again if it is wanted.")


def remedy_once_begun(reason: str) -> str:
    """What helps where Transcribe had already begun. AWS stops no running job."""
    return _ONCE_BEGUN[reason]


@dataclass(frozen=True)
class KeyHistory:
    """What S3 lists under an upload's key: ids of versions and of delete markers, each newest first.

    `latest` is the id that S3 calls the latest, of a version or of a marker; None if that was not listed.
    """

    versions: Sequence[str] = ()
    markers: Sequence[str] = ()
    latest: str | None = None


def is_deleted(version: str, history: KeyHistory) -> bool | None:
    """Whether the upload was deleted: its version is not listed, or a delete marker is newer than the version.

    None where that depends on which of both is newer. S3 lists versions and markers apart, and LastModified does
    not tell: it counts seconds, and of a multipart upload it is the time at which the upload was begun.

    >>> is_deleted("v1", KeyHistory(["v2", "v1"])), is_deleted("v1", KeyHistory(["v2"], [], "v2"))
    (False, True)
    >>> is_deleted("v1", KeyHistory(["v1"], ["m1"], "m1")), is_deleted("v1", KeyHistory(["v1"], ["m1"], "v1"))
    (True, False)
    >>> is_deleted("v1", KeyHistory(["v2", "v1"], ["m1"], "v2"))
    """
    if version not in history.versions:
        return True
    if not history.markers or history.latest == version:
        return False
    return True if history.latest in history.markers else None
