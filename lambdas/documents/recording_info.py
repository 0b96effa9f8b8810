"""What a document says of its recording beside the words."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from stethoscript import audio_notes
from stethoscript.audio_info import AudioInfo
from stethoscript.ledger_row import LedgerRow
from stethoscript.profiles import JobSettings


@dataclass(frozen=True)
class RecordingInfo:
    """Read by whoever may read the transcript. `source` is the object's key: patient data, and anybody's text."""

    job: str
    source: str
    received: int
    job_settings: JobSettings
    profile: str | None = None
    correlation_id: str | None = None
    audio: AudioInfo = field(default_factory=AudioInfo)

    @classmethod
    def of(cls, row: LedgerRow) -> "RecordingInfo":
        """Those of the ledger's row; `received` in seconds since 1970."""
        return cls(row.job, row.key, row.received, row.settings, row.profile, row.correlation_id, row.audio)

    @property
    def incomplete(self) -> str | None:
        """The warning that the recording is cut off, where it is."""
        return audio_notes.incomplete(self.audio)

    @property
    def length(self) -> str | None:
        """How long the audio is, for people."""
        return audio_notes.length(self.audio)

    @property
    def arrived(self) -> datetime:
        """When the recording was uploaded, in UTC."""
        return datetime.fromtimestamp(self.received, UTC)
