"""The data of a recording that a document shows beside the words."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from stethoscript import audio_notes
from stethoscript.audio_info import AudioInfo
from stethoscript.ledger_row import LedgerRow
from stethoscript.profiles import JobSettings


@dataclass(frozen=True)
class RecordingInfo:
    """The recording's data. `source` is the object's key, which is patient data and untrusted text."""

    job: str
    source: str
    received: int
    job_settings: JobSettings
    profile: str | None = None
    correlation_id: str | None = None
    audio: AudioInfo = field(default_factory=AudioInfo)

    @classmethod
    def of(cls, row: LedgerRow) -> "RecordingInfo":
        """The data in a row of the ledger; `received` is in seconds since 1970."""
        return cls(row.job, row.key, row.received, row.settings, row.profile, row.correlation_id, row.audio)

    @property
    def incomplete(self) -> str | None:
        """The warning about a cut-off recording; None otherwise."""
        return audio_notes.incomplete(self.audio)

    @property
    def length(self) -> str | None:
        """The audio's length for people; None if it is unknown."""
        return audio_notes.length(self.audio)

    @property
    def arrived(self) -> datetime:
        """The time of the upload, in UTC."""
        return datetime.fromtimestamp(self.received, UTC)
