"""What Transcribe Medical needs of the cloud around it: callers' rights, objects, events."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from local.transcribe_medical.jobs import Job
from local.transcribe_medical.s3_locations import S3Location


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


class CloudPort(Protocol):
    """The cloud as the service sees it."""

    @property
    def endpoint(self) -> str:
        """The cloud's own address, for what can be downloaded from it."""

    def may_read(self, caller: Caller, location: S3Location) -> bool:
        """Tell whether the caller may read the object, its key included."""

    def may_write(self, caller: Caller, location: S3Location, encryption: Encryption) -> bool:
        """Tell whether the caller may write the object so encrypted."""

    def may_encrypt(self, caller: Caller, location: S3Location, encryption: Encryption) -> bool:
        """Tell whether the key exists, can be used for this, and the caller may encrypt the object with it."""

    def may_tag(self, caller: Caller, tags: Mapping[str, str], context: Mapping[str, str]) -> bool:
        """Tell whether the caller may tag what it makes."""

    def region_of(self, bucket: str) -> str | None:
        """Return the Region of a bucket, or nothing if there is no such bucket."""

    def size_of(self, location: S3Location) -> int | None:
        """Return how many bytes an object has, or nothing if there is no such object."""

    def fetch(self, account: str, location: S3Location, to: Path) -> bool:
        """Put an object's content into a new file, without holding it in memory, and tell whether it is there."""

    def write(self, job: Job, location: S3Location, content: bytes, encryption: Encryption, *, copies: int = 1) -> bool:
        """Write an object and tell whether that was possible; S3 tells of it as often as that."""

    def put_event(self, job: Job, detail: Mapping[str, Any]) -> None:
        """Put a `Transcribe Job State Change` on the account's default event bus."""
