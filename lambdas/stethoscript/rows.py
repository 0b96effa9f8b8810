"""One row of the ledger: what we know of one recording, from its arrival to its terminal state."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from stethoscript.profiles import Recipe
from stethoscript.uploads import Upload

SCHEMA = 1


class State(StrEnum):
    """Where a recording is: [ANNOUNCED →] CLAIMED → TRANSCRIBING → DELIVERED or FAILED; or REJECTED."""

    ANNOUNCED = "ANNOUNCED"  # the reconciler found it where no message spoke of it
    CLAIMED = "CLAIMED"
    TRANSCRIBING = "TRANSCRIBING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"


OPEN = (State.ANNOUNCED, State.CLAIMED, State.TRANSCRIBING)
STUCK_SECONDS = 24 * 3600
"""After so long in one place a person should look."""
WAITS_LONG_SECONDS = 4 * 3600
"""After so long without a step a person should know."""


@dataclass(frozen=True)
class Row:
    """A recording. Times are seconds since 1970; `key` is patient data and never leaves the table.

    `words` and `confidence`: how many words its transcript has, and how sure the service was of them, as a band.
    `seconds`: at which of them the last word ends.
    `announcements`: how often the reconciler has brought its upload back since anybody worked at it.
    `signalled`: when the reconciler last said that its job has ended. `leased`: until when its delivery
    is one invocation's alone.
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
    recipe: Mapping[str, Any] = field(default_factory=dict)
    media_format: str | None = None
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
    def open(self) -> bool:
        """Whether the recording still waits for its terminal state."""
        return self.state in OPEN

    @property
    def asked(self) -> Recipe:
        """How the recording was to be transcribed."""
        return Recipe(**self.recipe)

    def item(self) -> dict[str, Any]:
        """The row as the table keeps it: what is None is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


_FIELDS = {each.name for each in fields(Row)}


def read(item: Mapping[str, Any]) -> Row:
    """A row from the table's item. DynamoDB's numbers become int; members of a later schema are ignored.

    >>> row = Row("r", State.CLAIMED, "b", "k", "v", 1, 2, "r", recipe={"max_speaker_labels": 2})
    >>> read(row.item()) == row
    True
    """
    known = {name: _plain(value) for name, value in item.items() if name in _FIELDS}
    return Row(**known | {"state": State(known["state"])})


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return value if isinstance(value, (str, bool)) or value is None else int(value)
