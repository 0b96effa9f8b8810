"""What Transcribe Medical needs of the cloud around it: callers' rights, objects, events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from local.transcribe_medical.jobs import Job, Place


@dataclass(frozen=True)
class Caller:
    """Who calls: the account and Region its jobs belong to, and the key its rights hang on."""

    account: str
    region: str
    access_key: str


@dataclass(frozen=True)
class Encryption:
    """How an object is to be encrypted: under a key, or, without one, by S3's own."""

    key: str | None
    context: Mapping[str, str]


class Surroundings(Protocol):
    """The cloud as the service sees it."""

    def may_read(self, caller: Caller, place: Place) -> bool:
        """Tell whether the caller may read the object, its key included."""

    def may_write(self, caller: Caller, place: Place, encryption: Encryption) -> bool:
        """Tell whether the caller may write the object so encrypted."""

    def may_encrypt(self, caller: Caller, place: Place, encryption: Encryption) -> bool:
        """Tell whether the key exists and the caller may encrypt the object with it."""

    def may_tag(self, caller: Caller, tags: Mapping[str, str], context: Mapping[str, str]) -> bool:
        """Tell whether the caller may tag the job it starts."""

    def bucket_exists(self, caller: Caller, bucket: str) -> bool:
        """Tell whether there is such a bucket."""

    def object_exists(self, caller: Caller, place: Place) -> bool:
        """Tell whether there is such an object."""

    def read(self, job: Job, place: Place) -> bytes | None:
        """Return an object's content, or nothing if it is gone."""

    def write(self, job: Job, place: Place, content: bytes, encryption: Encryption) -> bool:
        """Write an object and tell whether that was possible."""

    def tell(self, job: Job, detail: Mapping[str, Any]) -> None:
        """Put a `Transcribe Job State Change` on the account's default event bus."""
