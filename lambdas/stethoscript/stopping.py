"""Rules for stopping a recording: it was cancelled, or its upload was deleted before its transcript was delivered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stethoscript.rejections import Rejected

GONE, CANCELLED = "Gone", "Cancelled"
REASONS = (GONE, CANCELLED)

_ONCE_BEGUN: Mapping[str, str] = {
    GONE: "The upload was deleted after Transcribe had begun: the job is charged, and its output was removed. "
    "Upload the recording again if you need its transcript.",
    CANCELLED: "It was cancelled after Transcribe had begun: the job is charged, and its output was removed. "
    "Ask your operator to retry it if you need its transcript.",
}


def refusal(reason: str) -> Rejected:
    """The rejection of a recording that was stopped before its job started."""
    if reason == GONE:
        return Rejected("Gone", "The upload was deleted before it was transcribed; upload it again if you need it.")
    return Rejected("Cancelled", "It was cancelled before it was transcribed; upload it again if you need it.")


def remedy_after_start(reason: str) -> str:
    """The remedy for a recording that was stopped after its job started. AWS cannot stop a running job."""
    return _ONCE_BEGUN[reason]


@dataclass(frozen=True)
class KeyHistory:
    """S3's listing of an upload's key: ids of versions and of delete markers, each newest first.

    `latest` is the id of the version or marker that S3 flags as the latest; None if the listing does not hold it.
    """

    versions: Sequence[str] = ()
    markers: Sequence[str] = ()
    latest: str | None = None


def is_deleted(version: str, history: KeyHistory) -> bool | None:
    """Whether the upload was deleted: its version is not listed, or a delete marker is newer than the version.

    None if the answer depends on which of the two is newer. S3 lists versions and markers separately, and LastModified
    cannot order them: it has a resolution of one second, and for a multipart upload it is the time of its beginning.

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
