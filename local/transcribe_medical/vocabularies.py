"""A medical vocabulary: its table of terms, and how far the service is with it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

PENDING, READY, FAILED = "PENDING", "READY", "FAILED"


@dataclass(frozen=True)
class Vocabulary:
    """One vocabulary at one moment.

    `table` is the text in use: none until the first file was found good, and still the old one after a file that
    was not. `secret` is the part of its download address that cannot be guessed.
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
        """The name by which IAM knows the vocabulary."""
        return arn(self.region, self.account, self.name)

    def plain(self) -> dict[str, Any]:
        """Return what `Vocabulary(**plain)` makes the same vocabulary of, fit for JSON."""
        return asdict(self)


def arn(region: str, account: str, name: str) -> str:
    """Return the name by which IAM knows a vocabulary."""
    return f"arn:aws:transcribe:{region}:{account}:medical-vocabulary/{name}"


def summary(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return one line of List, which is also what Update answers."""
    return {
        "VocabularyName": vocabulary.name,
        "LanguageCode": vocabulary.language,
        "LastModifiedTime": vocabulary.modified,
        "VocabularyState": vocabulary.state,
    }


def described(vocabulary: Vocabulary, download_uri: str | None = None) -> dict[str, Any]:
    """Return what Get answers: the state, why it failed, and where the table in use can be had."""
    more = {"FailureReason": vocabulary.reason, "DownloadUri": download_uri}
    return {**summary(vocabulary), **{member: value for member, value in more.items() if value is not None}}
