"""Starts the Transcribe job of a claimed recording, and reads the meaning of a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from adapters import transcribe_jobs, upload_versions
from adapters.job_slots import JobSlots
from adapters.ledger import Ledger
from adapters.upload_reader import UploadGone
from stethoscript import audio_info, aws_errors, jobs, profiles, start_refusals
from stethoscript.aws_errors import ErrorKind
from stethoscript.ledger_row import STUCK_AFTER_SECONDS, LedgerRow, State
from stethoscript.profiles import SETTINGS, JobSettings, Profile
from stethoscript.rejections import Rejected


class TakenMeanwhile(Exception):
    """Another invocation changed the recording after this one read it. The next attempt reads the new row."""


class NameTaken(Exception):
    """A job of our name transcribes other media. An operator has to check it."""


class Deferred(Exception):
    """Transcribe refuses to start the job, and the recording waits: `fault` is the kind, `error` the error's name."""

    def __init__(self, fault: ErrorKind, error: str) -> None:
        super().__init__(error)
        self.fault = fault
        self.error = error


@dataclass(frozen=True)
class JobStarts:
    """The deployment's names, the ledger, the free slots, and the clients. `vocabularies` maps names to AWS's names."""

    deployment: str
    account: str
    locations: jobs.JobLocations
    profiles: tuple[Profile, ...]
    vocabularies: Mapping[str, str]
    ledger: Ledger
    slots: JobSlots
    s3: Any
    transcribe: Any

    def start(self, row: LedgerRow, deadline: float) -> None:
        """Start the job. While Transcribe is busy, try again until the deadline.

        Raises:
            UploadGone: the upload was deleted.
            TakenMeanwhile: the recording was cancelled, or another invocation has advanced it.
            NoTime: Transcribe is still busy at the deadline.
            NameTaken: a job of this name has other media.
            Deferred: Transcribe refuses the job, and the recording waits.
            Rejected: Transcribe refuses the job, and waiting does not help.
        """
        request = self._request(row)
        while True:
            # As late as possible: a recording that is deleted or cancelled before this point costs nothing.
            if upload_versions.is_deleted(self.s3, self.account, row.upload):
                raise UploadGone
            if not self.ledger.request_start(row, self.slots.now()):
                raise TakenMeanwhile
            try:
                transcribe_jobs.start(self.transcribe, request)
            except ClientError as error:
                fault = aws_errors.fault(error)
                if fault is ErrorKind.TAKEN:
                    self._adopt(row.job, request["Media"]["MediaFileUri"])
                    return
                deferred_as = self._deferred_as(fault, row)
                if deferred_as is not fault:
                    raise Deferred(deferred_as, aws_errors.described(error)) from error
                if fault is not ErrorKind.BUSY:
                    raise
                self.slots.wait(deadline)
            else:
                return

    def _request(self, row: LedgerRow) -> dict[str, Any]:
        tags = jobs.tags(self.deployment, str(row.profile))
        return jobs.request(row.job, str(row.media_format), self._job_settings(row), self.locations, tags)

    def _job_settings(self, row: LedgerRow) -> JobSettings:
        """The row's settings, with the vocabulary's present name in AWS: that name changes with its content."""
        name = row.settings.vocabulary_name
        return replace(row.settings, vocabulary_name=self.vocabularies.get(name, name) if name else None)

    def _adopt(self, job: str, media_uri: str) -> None:
        """Accept an existing job if it transcribes our staged copy: then the answer to its start was lost."""
        found = transcribe_jobs.find(self.transcribe, job)
        if not found or found.media_uri != media_uri:
            raise NameTaken

    def _deferred_as(self, fault: ErrorKind, row: LedgerRow) -> ErrorKind:
        """The kind of error as which a refused recording is deferred. Every such deferral has a time limit.

        Raises:
            Rejected: too long, refused for the uploader's own settings, or refused as busy for a day while idle.
        """
        if fault is ErrorKind.TOO_LONG:
            raise audio_info.too_long()
        waited = self.slots.now() - row.waiting_since
        if fault is ErrorKind.BUSY and waited > STUCK_AFTER_SECONDS and self.slots.mostly_free():
            raise Rejected("LimitExceeded", "Transcribe has refused it for a day without being busy; shorten it.")
        decided = start_refusals.decided(fault, self._own_settings(row), self._refused_seconds(fault, row))
        if isinstance(decided, Rejected):
            raise decided
        return decided

    def _own_settings(self, row: LedgerRow) -> list[str]:
        """The settings in which the recording differs from its profile.

        A vocabulary of the deployment is not the uploader's own.
        """
        profile = profiles.match(self.profiles, row.key)
        usual, chosen = profile.job_settings if profile else JobSettings(), row.settings
        own = [name for name in SETTINGS if getattr(chosen, name) != getattr(usual, name)]
        return [name for name in own if name != "vocabulary_name" or chosen.vocabulary_name not in self.vocabularies]

    def _refused_seconds(self, fault: ErrorKind, row: LedgerRow) -> float:
        """For how many seconds Transcribe has refused the recording for this reason. The ledger keeps the beginning."""
        if fault not in start_refusals.WAIT_SECONDS:
            return 0.0
        if fault.name not in row.refused:
            refused = {**row.refused, fault.name: int(self.slots.now())}
            self.ledger.advance(row, State.CLAIMED, self.slots.now(), refused=refused)
        return self.slots.now() - row.refused.get(fault.name, self.slots.now())
