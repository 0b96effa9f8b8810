"""The cloud's services that Transcribe Medical needs: permissions, objects, events."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from local.transcribe_medical.jobs import Job
from local.transcribe_medical.s3_locations import S3Location


@dataclass(frozen=True)
class Caller:
    """The caller of a request: account and Region of its jobs, and the access key for its permissions."""

    account: str
    region: str
    access_key: str


@dataclass(frozen=True)
class Encryption:
    """The encryption of an object: a KMS key, or None for S3's own, and the encryption context."""

    key: str | None
    context: Mapping[str, str]


class CloudPort(Protocol):
    """The interface of the cloud to the service."""

    @property
    def endpoint(self) -> str:
        """The cloud's address, for download URIs."""

    def may_read(self, caller: Caller, location: S3Location) -> bool:
        """Return whether the caller may read the object and use its key."""

    def may_write(self, caller: Caller, location: S3Location, encryption: Encryption) -> bool:
        """Return whether the caller may write the object with this encryption."""

    def may_encrypt(self, caller: Caller, location: S3Location, encryption: Encryption) -> bool:
        """Return whether the key exists and is suitable, and the caller may encrypt the object with it."""

    def may_tag(self, caller: Caller, tags: Mapping[str, str], context: Mapping[str, str]) -> bool:
        """Return whether the caller may set these tags."""

    def region_of(self, bucket: str) -> str | None:
        """Return the Region of a bucket, or None if it does not exist."""

    def size_of(self, location: S3Location) -> int | None:
        """Return the size of an object in bytes, or None if it does not exist."""

    def fetch(self, account: str, location: S3Location, to: Path) -> bool:
        """Write an object's content to a new file without loading it; return whether the object exists."""

    def write(self, job: Job, location: S3Location, content: bytes, encryption: Encryption, *, copies: int = 1) -> bool:
        """Write an object and return whether that succeeded. S3 sends its event `copies` times."""

    def put_event(self, job: Job, detail: Mapping[str, Any]) -> None:
        """Put a `Transcribe Job State Change` on the account's default event bus."""
