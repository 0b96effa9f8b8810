"""Removes every copy of a recording, then verifies the removal.

State before effect, deletion last: the recording is closed first, so that no function begins anything new with it;
its row, which knows where everything is, becomes a tombstone only when all else is gone and subscribers are notified.
If the command is interrupted, the operator runs it again.

The tool notifies by itself, with the operator's rights: the certificate says that subscribers were notified, so it
must know. A function that did so would need the erased row.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from adapters.aws_pages import pages
from adapters.notifier import Notifier
from operations import medical_jobs, object_locks, recordings, s3_keys, side_removals
from operations.deployment import Deployment
from operations.erasure_certificate import Certificate, Keeping, Removed, remaining
from operations.errors import NotFound, Refused, unless_denied
from operations.ledger_admin import chunks
from operations.recordings import Recording
from operations.time_format import clock
from stethoscript import jobs
from stethoscript.ledger_row import LedgerRow, State
from stethoscript.uploads import Upload

HANDS_SECONDS = jobs.START_TIMEOUT_SECONDS
"""Longest time in seconds that a start function can still process a closed recording."""
_LOOK_SECONDS = 5.0
_MOST_AT_ONCE = 1000  # DeleteObjects
_TRIES = 5


@dataclass(frozen=True)
class Eraser:
    """A deployment, and the clock by which its functions' hands are waited for."""

    deployment: Deployment
    wait: bool = True
    say: Callable[[str], None] = lambda _sentence: None
    now: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep

    def check(self, found: list[Recording]) -> None:
        """See to it that all of them may be erased, before any of them is.

        Raises:
            Refused: one is under a legal hold or retention.
            NotFound: it was erased before.
        """
        for each in found:
            if each.row is not None and each.row.state is State.ERASED:
                raise _erased(each.row)
            for bucket, versions in self._versions(self._row(each)):
                object_locks.check(self.deployment, bucket, versions)

    def erase(self, recording: Recording) -> Certificate:
        """Erase one recording, with the documents of all its attempts.

        Raises:
            NotFound: another has erased it meanwhile.
            Refused: not all could be removed yet; says when to run it again.
        """
        row, quiet = self._close(recording)
        removed = _sum(self._remove(row), self._wait_until_quiet(row, quiet))
        self._verify(row)
        now = int(self.now())
        self._notifier().notify(row.erased(now))  # before the row forgets what to notify of: a crash repeats it
        gone = [each for each in removed if not each.remains]
        gone.append(Removed("ledger row", 1, "a tombstone is left in its place"))
        left = (each.remains for each in removed if each.remains)
        remains = (*left, *remaining(now, _keeping(self.deployment)))
        certificate = Certificate(row.recording, now, self._who(), tuple(gone), remains)
        self.deployment.ledger.bury(row, now)
        return certificate

    # --- closing: nothing new begins ---

    def _close(self, recording: Recording) -> tuple[LedgerRow, int]:
        """The closed row, and when the last function that may be at it has ended."""
        ledger = self.deployment.ledger
        for _try in range(_TRIES):
            row = ledger.find(recording.name)
            if row is None:
                if not ledger.claim(self._row(recording)):
                    continue
                row = self._row(recording)
            if row.state is State.ERASED:  # by another operator meanwhile: its tombstone stays as it is
                raise _erased(row)
            quiet = self._quiet(row)
            if closed := ledger.close(row, self.now(), quiet):
                return closed, quiet
        raise Refused("Its state changes faster than it can be closed: run `erase` again.")

    def _row(self, recording: Recording) -> LedgerRow:
        """Its row; for an upload that no function has looked at, one that keeps them from it."""
        if recording.row is not None:
            return recording.row
        now, upload = int(self.now()), recording.upload
        return LedgerRow(
            recording.name, State.ERASING, upload.bucket, upload.key, upload.version, now, now, recording.name
        )  # fmt: skip

    def _quiet(self, row: LedgerRow) -> int:
        leased = row.leased or 0
        if row.open:
            return max(int(self.now()) + HANDS_SECONDS, leased)
        if row.state in (State.REJECTED, State.ERASING):
            return leased
        return (row.started or row.updated) + HANDS_SECONDS

    # --- removing ---

    def _remove(self, row: LedgerRow) -> list[Removed]:
        return [
            *(self._remove_versions(*each) for each in self._versions(row)),
            Removed("Transcribe's job records", self._forget_jobs(row), "Transcribe Medical"),
            Removed("places in a sweep", self.deployment.ledger.forget_cursors_at(row.key), "ledger"),
            *side_removals.remove(self.deployment, row, int(self.now())),
        ]

    def _remove_versions(self, bucket: str, versions: list[dict[str, Any]]) -> Removed:
        """Delete exactly these; by one request each in the intake bucket, whose keys may hold what XML cannot."""
        s3 = self.deployment.client("s3")
        for some in chunks(versions, 1 if bucket == self.deployment.intake else _MOST_AT_ONCE):
            named = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in some]
            if len(named) == 1:
                s3.delete_object(Bucket=bucket, **named[0])
            elif s3.delete_objects(Bucket=bucket, Delete={"Objects": named, "Quiet": True}).get("Errors"):
                raise Refused("S3 did not delete everything: run `erase` again; the recording is closed meanwhile.")
        return Removed(_WHAT[self._place(bucket)], len(versions), bucket)

    def _versions(self, row: LedgerRow) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """The recording's objects in each bucket, with delete markers if its key has no other version.

        Our folders have no subfolders. A deeper key belongs to another recording.
        """
        here, intake = self.deployment, recordings.of_key(self.deployment, self.deployment.intake, row.key)
        own = [each for each in intake if each["VersionId"] == row.version]
        if not [each for each in intake if "Size" in each and each not in own]:
            own = intake
        yield here.intake, own
        for bucket, prefixes in ((here.work, s3_keys.working(row)), (here.transcripts, s3_keys.documents(row))):
            yield (
                bucket,
                [each for prefix in prefixes for each in recordings.versions(here, bucket, prefix, Delimiter="/")],
            )

    def _place(self, bucket: str) -> str:
        return {self.deployment.intake: "intake", self.deployment.work: "work"}.get(bucket, "transcripts")

    def _forget_jobs(self, row: LedgerRow) -> int:
        forgotten = 0
        for job in s3_keys.attempts(row):
            found = medical_jobs.find(self.deployment, job)
            if found is not None and not found.running:
                forgotten += medical_jobs.forget(self.deployment, job)
        return forgotten

    # --- waiting for running functions and jobs, and verifying ---

    def _wait_until_quiet(self, row: LedgerRow, quiet: int) -> list[Removed]:
        """Let functions and jobs that began before come to their end, and remove what they left."""
        if self.now() >= quiet and not self._running(row):
            return []
        if not self.wait:
            raise Refused(
                f"It is closed, and what there was is gone, but a function or job may be at it until {clock(quiet)} or "
                "longer: run `erase` again after that."
            )
        self.say(f"A function or job may still have it in hand; waiting until {clock(quiet)}, longer if a job runs …")
        while self.now() < quiet or self._running(row):
            self.pause(_LOOK_SECONDS)
        return self._remove(row)

    def _running(self, row: LedgerRow) -> bool:
        found = (medical_jobs.find(self.deployment, job) for job in s3_keys.attempts(row))
        return any(job is not None and job.running for job in found)

    def _verify(self, row: LedgerRow) -> None:
        left = [bucket for bucket, versions in self._versions(row) if versions]
        jobs_left = [job for job in s3_keys.attempts(row) if medical_jobs.find(self.deployment, job)]
        if left or jobs_left:
            where = ", ".join([*left, *(["Transcribe Medical"] if jobs_left else [])])
            raise Refused(f"Something is still left in {where}: run `erase` again; the recording is closed meanwhile.")

    def _notifier(self) -> Notifier:
        here = self.deployment
        topic = here.outputs["CompletionTopicArn"]
        return Notifier(topic, here.transcripts, here.client("sns"), here.client("events"))

    def _who(self) -> str:
        answer = unless_denied(lambda: self.deployment.client("sts").get_caller_identity(), otherwise={})
        return str(answer.get("Arn", "unknown"))


_WHAT = {
    "intake": "versions of the upload, with their delete markers",
    "work": "frozen copies and Transcribe's outputs",
    "transcripts": "documents, in all their versions",
}


def of_the_same_key(deployment: Deployment, recording: Recording) -> list[Recording]:
    """Every recording that was ever uploaded under this one's key, as the bucket and the ledger know them."""
    key = recording.upload.key
    rows = {row.recording: row for row in deployment.ledger.search(key=key)}
    found = {name: Recording(name, row.upload, row, None) for name, row in rows.items()}
    for version in recordings.of_key(deployment, deployment.intake, key):
        upload = Upload(deployment.intake, key, version["VersionId"])
        name = jobs.recording(deployment.name, upload)
        if "Size" in version and name not in found:
            found[name] = Recording(name, upload, None, int(version["LastModified"].timestamp()))
    return [recording, *(each for name, each in found.items() if name != recording.name)]


def _erased(row: LedgerRow) -> NotFound:
    return NotFound(f"Nothing is left of {row.recording}: it was erased at {clock(row.updated)}.")


def _sum(first: list[Removed], second: list[Removed]) -> tuple[Removed, ...]:
    """The sum of the first and the later removals, by kind."""
    before = {(each.what, each.where): each.count for each in first}
    return tuple(replace(each, count=each.count + before[each.what, each.where]) for each in second) or tuple(first)


def _keeping(deployment: Deployment) -> Keeping:
    s3, dynamodb = deployment.client("s3"), deployment.client("dynamodb")
    group = deployment.log_group("start-transcription")
    rules = unless_denied(
        lambda: s3.get_bucket_lifecycle_configuration(
            Bucket=s3.get_bucket_logging(Bucket=deployment.intake)["LoggingEnabled"]["TargetBucket"]
        )["Rules"],
        otherwise=[],
    )
    return Keeping(
        access_log_days=next((int(rule["Expiration"]["Days"]) for rule in rules if "Expiration" in rule), None),
        backup_days=unless_denied(
            lambda: dynamodb.describe_continuous_backups(TableName=deployment.outputs["LedgerTableName"])[
                "ContinuousBackupsDescription"
            ]["PointInTimeRecoveryDescription"].get("RecoveryPeriodInDays")
        ),
        log_days=unless_denied(
            lambda: next(pages(deployment.client("logs"), "describe_log_groups", logGroupNamePrefix=group))[
                "logGroups"
            ][0]["retentionInDays"]
        ),
    )
