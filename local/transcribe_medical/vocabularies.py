"""A medical vocabulary: its table of terms and its state."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

PENDING, READY, FAILED = "PENDING", "READY", "FAILED"


@dataclass(frozen=True)
class Vocabulary:
    """The state of a vocabulary.

    `table` is the text in use: None until a file is valid, and the old text after an invalid file. `secret` is the
    random part of its download URI.
    """

    account: str
    region: str
    name: str
    language: str
    uri: str
    created: float
    modified: float
    state: str = PENDING
    reason: str | None = None
    table: str | None = None
    secret: str | None = None
    tags: Mapping[str, str] | None = None

    @property
    def arn(self) -> str:
        """The vocabulary's ARN."""
        return arn(self.region, self.account, self.name)

    def plain(self) -> dict[str, Any]:
        """Return the fields as JSON values; `Vocabulary(**plain)` restores the vocabulary."""
        return asdict(self)


def arn(region: str, account: str, name: str) -> str:
    """Return the ARN of a vocabulary."""
    return f"arn:aws:transcribe:{region}:{account}:medical-vocabulary/{name}"


def summary(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the vocabulary's entry in the answer of List, which is also the answer of Update."""
    return {
        "VocabularyName": vocabulary.name,
        "LanguageCode": vocabulary.language,
        "LastModifiedTime": vocabulary.modified,
        "VocabularyState": vocabulary.state,
    }


def described(vocabulary: Vocabulary, download_uri: str | None = None) -> dict[str, Any]:
    """Return the answer of Get: the state, the failure reason, and the URI of the table in use."""
    more = {"FailureReason": vocabulary.reason, "DownloadUri": download_uri}
    return {**summary(vocabulary), **{member: value for member, value in more.items() if value is not None}}
