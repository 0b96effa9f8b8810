"""What a prefix of the intake bucket asks of Transcribe Medical, and how one recording may differ.

Limits: StartMedicalTranscriptionJob's service model; the cross-field rules from the API reference.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from stethoscript import formats
from stethoscript.rejections import Rejected

PROFILE_PREFIX = re.compile(r"([a-z0-9][a-z0-9_-]*/)+")

TYPES = ("DICTATION", "CONVERSATION")
SPECIALTIES = ("PRIMARYCARE",)
_IDENTIFICATIONS = ("PHI",)
_VOCABULARY = re.compile(r"[0-9a-zA-Z._-]{1,200}")
_MOST_SPEAKERS = 30
_MOST_ALTERNATIVES = 10


class InvalidSetting(ValueError):
    """A setting nobody could mean; says which one and what would do."""


@dataclass(frozen=True)
class JobSettings:
    """How a recording is to be transcribed, in Transcribe Medical's own terms.

    A maximum that is None turns its feature off: there is no second switch to contradict it.
    """

    type: str = "DICTATION"
    specialty: str = "PRIMARYCARE"
    max_speaker_labels: int | None = None
    channel_identification: bool = False
    max_alternatives: int | None = None
    vocabulary_name: str | None = None
    content_identification_type: str | None = None

    def __post_init__(self) -> None:
        _one_of("type", self.type, TYPES)
        _one_of("specialty", self.specialty, SPECIALTIES)
        if self.content_identification_type is not None:
            _one_of("content_identification_type", self.content_identification_type, _IDENTIFICATIONS)
        _within("max_speaker_labels", self.max_speaker_labels, _MOST_SPEAKERS)
        _within("max_alternatives", self.max_alternatives, _MOST_ALTERNATIVES)
        if type(self.channel_identification) is not bool:
            raise InvalidSetting("channel_identification must be true or false")
        if self.vocabulary_name is not None and not _VOCABULARY.fullmatch(str(self.vocabulary_name)):
            raise InvalidSetting("vocabulary_name must be 1 to 200 letters, digits, dots, hyphens or underscores")
        if self.channel_identification and self.max_speaker_labels:
            raise InvalidSetting("channel_identification and max_speaker_labels exclude each other; keep one")

    @property
    def identification(self) -> bool:
        """Whether protected health information is to be identified."""
        return self.content_identification_type is not None

    def settings(self) -> dict[str, Any]:
        """The `Settings` of StartMedicalTranscriptionJob; empty if there is nothing to set."""
        asked: dict[str, Any] = {}
        if self.max_speaker_labels:
            asked |= {"ShowSpeakerLabels": True, "MaxSpeakerLabels": self.max_speaker_labels}
        if self.channel_identification:
            asked["ChannelIdentification"] = True
        if self.max_alternatives:
            asked |= {"ShowAlternatives": True, "MaxAlternatives": self.max_alternatives}
        if self.vocabulary_name:
            asked["VocabularyName"] = self.vocabulary_name
        return asked


@dataclass(frozen=True)
class Profile:
    """A prefix of the intake bucket, the recipe for what is put there, and the forms its documents are delivered in.

    None are the deployment's usual ones. `locked` settings are the profile's alone: no metadata changes them.
    """

    prefix: str
    job_settings: JobSettings
    documents: tuple[str, ...] | None = None
    locked: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The prefix without its slash: what notifications call the profile."""
        return self.prefix.rstrip("/")


SETTINGS = tuple(field.name for field in fields(JobSettings))
_DOCUMENTS, _LOCKED = "documents", "locked"


def read(profiles: Mapping[str, Any]) -> tuple[Profile, ...]:
    """Profiles from the deployment's choices: prefix → settings.

    Raises:
        InvalidSetting: a prefix or setting that cannot work, named.
    """
    return tuple(_profile(prefix, settings) for prefix, settings in profiles.items())


def from_json(text: str) -> tuple[Profile, ...]:
    """Profiles as the functions are given them."""
    return read(json.loads(text))


def match(profiles: tuple[Profile, ...], key: str) -> Profile | None:
    """The profile with the longest prefix of this key; None if it lies under none."""
    under = [profile for profile in profiles if key.startswith(profile.prefix)]
    return max(under, key=lambda profile: len(profile.prefix), default=None)


def unmatched(profiles: tuple[Profile, ...]) -> Rejected:
    """Why a key under no profile is refused."""
    prefixes = ", ".join(sorted(profile.prefix for profile in profiles))
    return Rejected("NoProfile", f"Upload under one of these prefixes: {prefixes}.")


def _profile(prefix: str, settings: object) -> Profile:
    if not PROFILE_PREFIX.fullmatch(prefix):
        raise InvalidSetting(f"profile {prefix!r}: a prefix is lower-case letters, digits, - and _, ending in /")
    if not isinstance(settings, Mapping):
        raise InvalidSetting(f"profile {prefix!r}: its settings must be an object")
    known = (*SETTINGS, _DOCUMENTS, _LOCKED)
    if unknown := set(settings) - set(known):
        raise InvalidSetting(f"profile {prefix!r}: unknown {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    try:
        documents = formats.checked(settings[_DOCUMENTS]) if _DOCUMENTS in settings else None
        job_settings = JobSettings(**{name: value for name, value in settings.items() if name in SETTINGS})
        return Profile(prefix, job_settings, documents, _locked_settings(settings.get(_LOCKED, [])))
    except (InvalidSetting, formats.InvalidFormats) as bad:
        raise InvalidSetting(f"profile {prefix!r}: {bad}") from bad


def _locked_settings(given: object) -> tuple[str, ...]:
    """The settings that a profile locks: those it lists, or all of them where it says true.

    >>> _locked_settings(["content_identification_type"]), _locked_settings(True) == SETTINGS
    (('content_identification_type',), True)
    """
    if given is True:
        return SETTINGS
    if given is not False and not (isinstance(given, (list, tuple)) and all(name in SETTINGS for name in given)):
        raise InvalidSetting(f"locked must be true or a list of settings; known: {', '.join(SETTINGS)}")
    return tuple(given or ())


def _one_of(setting: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InvalidSetting(f"{setting} must be {' or '.join(allowed)}")


def _within(setting: str, value: object, most: int) -> None:
    least = 2
    if value is not None and not (type(value) is int and least <= value <= most):
        raise InvalidSetting(f"{setting} must be a whole number from {least} to {most}")
