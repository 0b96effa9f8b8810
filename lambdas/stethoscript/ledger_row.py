"""One row of the ledger: what we know of one recording, from its arrival to its terminal state."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from stethoscript import jobs
from stethoscript.audio_info import AudioInfo
from stethoscript.profiles import JobSettings
from stethoscript.uploads import Upload

SCHEMA = 1


class State(StrEnum):
    """Where a recording is: [ANNOUNCED →] CLAIMED → TRANSCRIBING → DELIVERED or FAILED; or REJECTED.

    `operations erase` takes a recording from any of them to ERASING and ERASED.
    """

    ANNOUNCED = "ANNOUNCED"  # the reconciler found it where no message spoke of it
    CLAIMED = "CLAIMED"
    TRANSCRIBING = "TRANSCRIBING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    ERASING = "ERASING"
    ERASED = "ERASED"


OPEN = (State.ANNOUNCED, State.CLAIMED, State.TRANSCRIBING)
STUCK_AFTER_SECONDS = 24 * 3600
"""A recording that stays in one state longer than this needs an operator."""
DELAYED_AFTER_SECONDS = 4 * 3600
"""A recording that makes no progress for longer than this raises an alarm."""
MOST_ANNOUNCEMENTS = 10
"""After this many announcements the reconciler stops, because another one would not help: an operator has to check."""
BY_STATE_INDEX = "by-state"
"""The table's index with the keys `state` and `updated`; it holds keys only."""


@dataclass(frozen=True)
class LedgerRow:
    """A recording. Times are seconds since 1970; `key` is patient data and never leaves the table.

    `received` is when S3 stored the upload, `entered` when this row was made: deadlines count from `entered`, because
    an upload may be much older than its row. `warning` is a class of what was wrong without being a reason to refuse.
    `audio_ms` and `declared_ms` are AudioInfo's durations in milliseconds, `cut_off` is AudioInfo's.
    `start_requested`: when Transcribe was last asked to start the job. Once set, the job may exist whatever was
    answered. `cancelled`: when the recording was stopped, by an operator or because its upload was deleted; `reason`
    says which. From then on Transcribe is not asked to start it, and nothing of it is delivered.
    `refused`: since when Transcribe has refused to start the job, by the name of the fault.
    `words` and `confidence`: how many words its transcript has, and how sure the service was of them, as a band.
    `seconds`: at which of them the last word ends.
    `announcements`: how often the reconciler has brought its upload back since anybody worked at it.
    `signalled`: when the reconciler last said that its job has ended. `leased`: until when its delivery, or its end
    as a stopped recording, is one invocation's alone; once set it stays, and from then on nothing stops the recording.
    """

    recording: str
    state: State
    bucket: str
    key: str
    version: str
    received: int
    updated: int
    job: str
    attempt: int = 1
    profile: str | None = None
    job_settings: Mapping[str, Any] = field(default_factory=dict)
    profile_settings: Mapping[str, Any] | None = None
    entered: int | None = None
    media_format: str | None = None
    audio_ms: int | None = None
    declared_ms: int | None = None
    cut_off: bool | None = None
    warning: str | None = None
    start_requested: int | None = None
    cancelled: int | None = None
    refused: Mapping[str, int] = field(default_factory=dict)
    correlation_id: str | None = None
    started: int | None = None
    completed: int | None = None
    signal: str | None = None
    reason: str | None = None
    remedy: str | None = None
    failure: str | None = None
    manifest: str | None = None
    words: int | None = None
    seconds: int | None = None
    confidence: str | None = None
    announcements: int = 0
    signalled: int | None = None
    leased: int | None = None
    expires: int | None = None
    schema: int = SCHEMA

    @property
    def upload(self) -> Upload:
        """What was uploaded."""
        return Upload(self.bucket, self.key, self.version)

    @property
    def waiting_since(self) -> int:
        """From when deadlines count. Rows of 0.1 have no `entered`."""
        return self.received if self.entered is None else self.entered

    @property
    def audio(self) -> AudioInfo:
        """What the probe learned of the audio's length."""
        return AudioInfo(_seconds(self.audio_ms), declared_seconds=_seconds(self.declared_ms), cut_off=self.cut_off)

    @property
    def open(self) -> bool:
        """Whether the recording still waits for its terminal state."""
        return self.state in OPEN

    @property
    def settings(self) -> JobSettings:
        """How the recording was to be transcribed."""
        return JobSettings(**self.job_settings)

    def erased(self, now: int) -> "LedgerRow":
        """The row as subscribers are notified of its erasure: nothing of what was made of the recording."""
        return replace(
            self, state=State.ERASED, updated=now, reason=None, remedy=None, failure=None, manifest=None, words=None,
            seconds=None, confidence=None,
        )  # fmt: skip

    def item(self) -> dict[str, Any]:
        """The row as the table keeps it: what is None is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def new(recording: str, state: State, upload: Upload, now: float, *, row_days: int) -> LedgerRow:
    """The first row of a recording, for the first attempt at it.

    `now` is in seconds since 1970. The row expires `row_days` days later; 0 keeps it forever.

    >>> row = new("clinic-0a1b", State.CLAIMED, Upload("intake", "a.wav", "v1"), 7.5, row_days=1)
    >>> row.received, row.job, row.expires
    (7, 'clinic-0a1b', 86407)
    """
    at = int(now)
    return LedgerRow(
        recording, state, upload.bucket, upload.key, upload.version, received=at, updated=at,
        job=jobs.name(recording, 1), entered=at, expires=at + row_days * 86400 if row_days else None,
    )  # fmt: skip


def audio_fields(info: AudioInfo) -> dict[str, Any]:
    """The row's fields that keep what the probe learned.

    >>> audio_fields(AudioInfo(1.25, declared_seconds=2.5, cut_off=True))
    {'audio_ms': 1250, 'declared_ms': 2500, 'cut_off': True}
    """
    return {
        "audio_ms": _milliseconds(info.seconds),
        "declared_ms": _milliseconds(info.declared_seconds),
        "cut_off": info.cut_off,
    }


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


_FIELDS = {each.name for each in fields(LedgerRow)}


def read(item: Mapping[str, Any]) -> LedgerRow:
    """A row from the table's item. DynamoDB's numbers become int; members of a later schema are ignored.

    >>> row = LedgerRow("r", State.CLAIMED, "b", "k", "v", 1, 2, "r", job_settings={"max_speaker_labels": 2})
    >>> read(row.item()) == row
    True
    """
    known = {name: _plain(value) for name, value in item.items() if name in _FIELDS}
    if (known["state"], known.get("reason")) == (State.REJECTED, "Erased"):  # as 0.1 wrote it
        known["state"] = State.ERASING if known["key"] else State.ERASED
    return LedgerRow(**known | {"state": State(known["state"])})


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return value if isinstance(value, (str, bool)) or value is None else int(value)
