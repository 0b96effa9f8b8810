"""Profiles: the settings for the recordings under a prefix of the intake bucket.

Limits: StartMedicalTranscriptionJob's service model. Rules across settings: its API reference.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
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
    """An invalid setting; the message names it and its valid values."""


@dataclass(frozen=True)
class JobSettings:
    """The settings of a job, by Transcribe Medical's names.

    A maximum that is None turns its feature off, so a second switch cannot contradict it.
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
        """Whether Transcribe identifies protected health information."""
        return self.content_identification_type is not None

    def plain(self) -> dict[str, Any]:
        """The settings that are not None, as the ledger keeps them."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def settings(self) -> dict[str, Any]:
        """The member `Settings` of StartMedicalTranscriptionJob; empty if every setting is off."""
        member: dict[str, Any] = {}
        if self.max_speaker_labels:
            member |= {"ShowSpeakerLabels": True, "MaxSpeakerLabels": self.max_speaker_labels}
        if self.channel_identification:
            member["ChannelIdentification"] = True
        if self.max_alternatives:
            member |= {"ShowAlternatives": True, "MaxAlternatives": self.max_alternatives}
        if self.vocabulary_name:
            member["VocabularyName"] = self.vocabulary_name
        return member


@dataclass(frozen=True)
class ProfileSetting:
    """A setting of a profile that is not Transcribe's own.

    `read` checks the configured value and returns it; it raises `InvalidSetting` or `InvalidFormats`. `usual` is the
    value of a profile that does not name the setting. A setting with `in_row` is copied to the ledger row of each
    recording, so that notifications and documents can show it: `row.profile_settings[name]`.
    """

    read: Callable[[object], Any]
    usual: Any = None
    in_row: bool = False


SETTINGS = tuple(each.name for each in fields(JobSettings))
"""The settings that are Transcribe's own. Object metadata can change them for one recording."""


def _locked_settings(given: object) -> tuple[str, ...]:
    """The settings that a profile locks: those in its list, or all of them if the value is true.

    >>> _locked_settings(["content_identification_type"]), _locked_settings(True) == SETTINGS
    (('content_identification_type',), True)
    """
    if given is True:
        return SETTINGS
    if given is not False and not (isinstance(given, (list, tuple)) and all(name in SETTINGS for name in given)):
        raise InvalidSetting(f"locked must be true or a list of settings; known: {', '.join(SETTINGS)}")
    return tuple(given or ())


PROFILE_SETTINGS: Mapping[str, ProfileSetting] = {
    "documents": ProfileSetting(formats.checked),
    "locked": ProfileSetting(_locked_settings, usual=()),
}
"""Every other setting of a profile, by name. To add one, add its entry here, and a row to the table in
`docs/deploying.md`."""


@dataclass(frozen=True)
class Profile:
    """A prefix of the intake bucket, and the settings for the recordings under it.

    `job_settings` are Transcribe's own. `chosen` holds the profile's values of `PROFILE_SETTINGS`.
    """

    prefix: str
    job_settings: JobSettings
    chosen: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The prefix without its final slash. Notifications use this name."""
        return self.prefix.rstrip("/")

    @property
    def documents(self) -> tuple[str, ...] | None:
        """The formats of the profile's documents; None for the deployment's formats."""
        documents: tuple[str, ...] | None = self.setting("documents")
        return documents

    @property
    def locked(self) -> tuple[str, ...]:
        """The settings that object metadata must not change."""
        locked: tuple[str, ...] = self.setting("locked")
        return locked

    @property
    def row_settings(self) -> Mapping[str, Any] | None:
        """The settings that are copied to the ledger row; None if there are none."""
        return {name: value for name, value in self.chosen.items() if PROFILE_SETTINGS[name].in_row} or None

    def setting(self, name: str) -> Any:
        """The value of one of `PROFILE_SETTINGS`; the usual value if the profile does not name the setting."""
        return self.chosen.get(name, PROFILE_SETTINGS[name].usual)


def read(profiles: Mapping[str, Any]) -> tuple[Profile, ...]:
    """Profiles from the deployment's configuration, which maps each prefix to its settings.

    Raises:
        InvalidSetting: a prefix or a setting is invalid; the message names it.
    """
    return tuple(_profile(prefix, settings) for prefix, settings in profiles.items())


def from_json(text: str) -> tuple[Profile, ...]:
    """Profiles from the functions' environment variable."""
    return read(json.loads(text))


def match(profiles: tuple[Profile, ...], key: str) -> Profile | None:
    """The profile with the longest prefix of this key; None if no prefix matches."""
    under = [profile for profile in profiles if key.startswith(profile.prefix)]
    return max(under, key=lambda profile: len(profile.prefix), default=None)


def unmatched(profiles: tuple[Profile, ...]) -> Rejected:
    """The rejection of a key that matches no profile."""
    prefixes = ", ".join(sorted(profile.prefix for profile in profiles))
    return Rejected("NoProfile", f"Upload under one of these prefixes: {prefixes}.")


def _profile(prefix: str, settings: object) -> Profile:
    if not PROFILE_PREFIX.fullmatch(prefix):
        raise InvalidSetting(f"profile {prefix!r}: a prefix is lower-case letters, digits, - and _, ending in /")
    if not isinstance(settings, Mapping):
        raise InvalidSetting(f"profile {prefix!r}: its settings must be an object")
    known = (*SETTINGS, *PROFILE_SETTINGS)
    if unknown := set(settings) - set(known):
        raise InvalidSetting(f"profile {prefix!r}: unknown {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    try:
        chosen = {name: each.read(settings[name]) for name, each in PROFILE_SETTINGS.items() if name in settings}
        job_settings = JobSettings(**{name: value for name, value in settings.items() if name in SETTINGS})
    except (InvalidSetting, formats.InvalidFormats) as bad:
        raise InvalidSetting(f"profile {prefix!r}: {bad}") from bad
    return Profile(prefix, job_settings, chosen)


def _one_of(setting: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InvalidSetting(f"{setting} must be {' or '.join(allowed)}")


def _within(setting: str, value: object, most: int) -> None:
    least = 2
    if value is not None and not (type(value) is int and least <= value <= most):
        raise InvalidSetting(f"{setting} must be a whole number from {least} to {most}")
