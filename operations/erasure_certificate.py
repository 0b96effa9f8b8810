"""The certificate of an erasure: its removals and the copies outside its reach."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from operations.time_format import clock, iso

DAY = 86400
_PITR_DAYS, _ACCESS_LOG_DAYS, _TRAIL_DAYS, _QUEUE_DAYS = 35, 90, 90, 14


@dataclass(frozen=True)
class Remains:
    """A copy outside the erasure's reach, its content, and its end date; None if unknown."""

    where: str
    what: str
    until: int | None
    note: str = ""


@dataclass(frozen=True)
class Removed:
    """Things of one kind that are gone; `remains` where they could not be looked for."""

    what: str
    count: int
    where: str
    remains: Remains | None = None


@dataclass(frozen=True)
class Keeping:
    """For how many days this deployment keeps what an erasure cannot reach; None where we may not see it."""

    access_log_days: int | None = None
    backup_days: int | None = None
    log_days: int | None = None


@dataclass(frozen=True)
class Certificate:
    """One recording's erasure, verified by looking again."""

    recording: str
    erased: int
    by: str
    removed: tuple[Removed, ...]
    remains: tuple[Remains, ...]

    def plain(self) -> Mapping[str, Any]:
        """Fit for JSON."""
        return {
            "recording": self.recording,
            "erased": iso(self.erased),
            "by": self.by,
            "removed": [{"what": each.what, "count": each.count, "where": each.where} for each in self.removed],
            "remains": [
                {"where": each.where, "what": each.what, "until": iso(each.until), "note": each.note}
                for each in self.remains
            ],
        }


def remaining(now: int, keeping: Keeping) -> tuple[Remains, ...]:
    """The remaining copies that the product itself made."""

    def after(days: int | None, usual: int) -> int:
        return now + (usual if days is None else days) * DAY

    return (
        Remains(
            "S3's access logs", "the object's key", after(keeping.access_log_days, _ACCESS_LOG_DAYS),
            "if the bucket's lifecycle is as deployed",
        ),
        Remains(
            "the ledger's point-in-time backups", "the object's key", after(keeping.backup_days, _PITR_DAYS),
            "readable only by restoring the table",
        ),
        Remains("CloudTrail's event history", "the opaque job name", after(None, _TRAIL_DAYS)),
        Remains("trails of your own, with S3 data events", "the object's key", None, "as long as you keep them"),
        Remains("the functions' logs", "the opaque job name", _log_end(now, keeping), "no key, no words"),
        Remains("the ledger", "the opaque job name and the time", None, "a tombstone: late messages find it ended"),
        Remains(
            "messages still under way", "the object's key", after(None, _QUEUE_DAYS),
            "at the latest; the functions drop them",
        ),
        Remains(
            "subscribers", "the notification they got, and documents they fetched", None,
            "they were notified of the erasure; ask those who hold the subscriber and reader policies",
        ),
        Remains("copies and backups of your own", "whatever they hold", None, "AWS Backup, replication, exports"),
        Remains(
            "Amazon", "content kept to improve the service", None,
            "only without an AI services opt-out policy in your organisation",
        ),
    )  # fmt: skip


def until(remains: Remains) -> str:
    """The end, as people read it."""
    return clock(remains.until)[:10] if remains.until is not None else "not known here"


def _log_end(now: int, keeping: Keeping) -> int | None:
    return None if keeping.log_days is None else now + keeping.log_days * DAY
