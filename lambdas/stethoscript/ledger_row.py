"""One row of the ledger: the state of one recording, from its upload to its terminal state."""

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
    """The state of a recording: [ANNOUNCED →] CLAIMED → TRANSCRIBING → DELIVERED or FAILED; or REJECTED.

    `operations erase` moves a recording from any state to ERASING and ERASED.
    """

    ANNOUNCED = "ANNOUNCED"  # the reconciler or an operator has written the row, and no function has claimed it
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
    """A recording. Times are seconds since 1970. `key` is patient data and never leaves the table.

    `received`: the upload's time in S3. `entered`: the row's first time. Deadlines count from `entered`, because an
    upload may be much older than its row.
    `profile_settings`: the profile's settings with `in_row` (see `profiles.PROFILE_SETTINGS`); None without any.
    `warning`: the class of a defect that does not reject the recording.
    `audio_ms`, `declared_ms`: AudioInfo's durations in milliseconds. `cut_off`: AudioInfo's.
    `start_requested`: the last request to Transcribe to start the job. Once set, the job may exist.
    `cancelled`: the time at which an operator cancelled the recording or its deletion was found; `reason` says which.
    From then on no job is requested, and nothing is delivered.
    `refused`: by the kind of error, the time since which Transcribe has refused to start the job.
    `words`, `confidence`: the transcript's number of words, and the band of their mean confidence.
    `seconds`: the end of the last word, from the beginning of the recording.
    `announcements`: how often the reconciler has announced the upload since a function last processed it.
    `signalled`: the last time at which the reconciler signalled the end of the job.
    `leased`: until then, one invocation alone delivers the recording or rejects it. Once set, it stays, and the
    recording can no longer be stopped.
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
        """The upload of this recording."""
        return Upload(self.bucket, self.key, self.version)

    @property
    def waiting_since(self) -> int:
        """The time from which deadlines count. Rows of version 0.1 have no `entered`."""
        return self.received if self.entered is None else self.entered

    @property
    def audio(self) -> AudioInfo:
        """The audio's length, by the probe."""
        return AudioInfo(_seconds(self.audio_ms), declared_seconds=_seconds(self.declared_ms), cut_off=self.cut_off)

    @property
    def open(self) -> bool:
        """Whether the recording has not reached a terminal state."""
        return self.state in OPEN

    @property
    def settings(self) -> JobSettings:
        """The settings of the recording's job."""
        return JobSettings(**self.job_settings)

    def erased(self, now: int) -> "LedgerRow":
        """The row for the notification of an erasure, without the results of the transcription."""
        return replace(
            self, state=State.ERASED, updated=now, reason=None, remedy=None, failure=None, manifest=None, words=None,
            seconds=None, confidence=None,
        )  # fmt: skip

    def item(self) -> dict[str, Any]:
        """The row's values for the table, without those that are None."""
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
    """The row's fields for the audio's length.

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
    """The row in an item of the table. Numbers become int, and members of a later schema are ignored.

    >>> row = LedgerRow("r", State.CLAIMED, "b", "k", "v", 1, 2, "r", job_settings={"max_speaker_labels": 2})
    >>> read(row.item()) == row
    True
    """
    known = {name: _plain(value) for name, value in item.items() if name in _FIELDS}
    if (known["state"], known.get("reason")) == (State.REJECTED, "Erased"):  # version 0.1 wrote this
        known["state"] = State.ERASING if known["key"] else State.ERASED
    return LedgerRow(**known | {"state": State(known["state"])})


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return value if isinstance(value, (str, bool)) or value is None else int(value)
