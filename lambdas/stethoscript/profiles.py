"""What a prefix of the intake bucket asks of Transcribe Medical, and how one recording may differ.

Limits: StartMedicalTranscriptionJob's service model; the cross-field rules from the API reference.
"""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from email.errors import MessageError
from email.header import decode_header, make_header
from typing import Any

from stethoscript import forms
from stethoscript.rejections import Rejected

CORRELATION = re.compile(r"[A-Za-z0-9_-]{1,64}")
CORRELATION_ID = "correlation-id"
PROFILE_PREFIX = re.compile(r"([a-z0-9][a-z0-9_-]*/)+")

TYPES = ("DICTATION", "CONVERSATION")
SPECIALTIES = ("PRIMARYCARE",)
_IDENTIFICATIONS = ("PHI",)
_VOCABULARY = re.compile(r"[0-9a-zA-Z._-]{1,200}")
_MOST_SPEAKERS = 30
_MOST_ALTERNATIVES = 10


class BadSetting(ValueError):
    """A setting nobody could mean; says which one and what would do."""


@dataclass(frozen=True)
class Recipe:
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
            raise BadSetting("channel_identification must be true or false")
        if self.vocabulary_name is not None and not _VOCABULARY.fullmatch(str(self.vocabulary_name)):
            raise BadSetting("vocabulary_name must be 1 to 200 letters, digits, dots, hyphens or underscores")
        if self.channel_identification and self.max_speaker_labels:
            raise BadSetting("channel_identification and max_speaker_labels exclude each other; keep one")

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

    None are the deployment's usual ones.
    """

    prefix: str
    recipe: Recipe
    documents: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """The prefix without its slash: what notifications call the profile."""
        return self.prefix.rstrip("/")


SETTINGS = tuple(field.name for field in fields(Recipe))
_DOCUMENTS = "documents"
_SETTING_OF = {setting.replace("_", "-"): setting for setting in SETTINGS}
"""Settings by their names in metadata."""
_SURELY = 0.85
"""difflib's ratio from which a name is a misspelling: `specialist` (0.84) is a stranger, `speciality` (0.95) is not."""
_OFTEN_MEANT = {
    "vocabulary": "vocabulary-name",
    "max-speakers": "max-speaker-labels",
    "channel-id": "channel-identification",
}


def read(profiles: Mapping[str, Any]) -> tuple[Profile, ...]:
    """Profiles from the deployment's choices: prefix → settings.

    Raises:
        BadSetting: a prefix or setting that cannot work, named.
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


def overridden(recipe: Recipe, metadata: Mapping[str, str]) -> Recipe:
    """The recipe as one recording's object metadata (`x-amz-meta-…`) changes it.

    Metadata that is not a setting of ours is somebody else's and left alone, unless it is all but spelled as one.

    Raises:
        Rejected: a setting with an impossible value, or one that is misspelled.
    """
    changes: dict[str, Any] = {}
    for name, text in metadata.items():
        if name in _SETTING_OF:
            changes[_SETTING_OF[name]] = _value(_SETTING_OF[name], _plain(text))
        elif meant := _meant(name):
            raise Rejected("UnknownSetting", f"A name in the object's metadata is not ours but nearly: use {meant}.")
    try:
        return replace(recipe, **changes)
    except BadSetting as bad:
        raise Rejected("BadSetting", f"Correct the object's metadata: {bad}.") from bad


def correlation_id(metadata: Mapping[str, str]) -> str | None:
    """The uploader's own `correlation-id`; None if there is none, or if it could carry more than an id."""
    given = _plain(metadata.get(CORRELATION_ID, ""))
    return given if CORRELATION.fullmatch(given) else None


def check_correlation_id(metadata: Mapping[str, str]) -> None:
    """Refuse one that will not be passed on.

    Raises:
        Rejected: it could carry more than an id.
    """
    if CORRELATION_ID in metadata and correlation_id(metadata) is None:
        raise Rejected("BadCorrelationId", "Use 1 to 64 letters, digits, hyphens or underscores as correlation-id.")


def _profile(prefix: str, settings: object) -> Profile:
    if not PROFILE_PREFIX.fullmatch(prefix):
        raise BadSetting(f"profile {prefix!r}: a prefix is lower-case letters, digits, - and _, ending in /")
    if not isinstance(settings, Mapping):
        raise BadSetting(f"profile {prefix!r}: its settings must be an object")
    known = (*SETTINGS, _DOCUMENTS)
    if unknown := set(settings) - set(known):
        raise BadSetting(f"profile {prefix!r}: unknown {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    try:
        documents = forms.checked(settings[_DOCUMENTS]) if _DOCUMENTS in settings else None
        return Profile(prefix, Recipe(**{name: settings[name] for name in settings if name != _DOCUMENTS}), documents)
    except (BadSetting, forms.BadForms) as bad:
        raise BadSetting(f"profile {prefix!r}: {bad}") from bad


def _meant(name: str) -> str | None:
    """The name of ours that a stranger one was surely meant for; None leaves it a stranger.

    >>> _meant("max-speaker-label"), _meant("specialist"), _meant("conversation-id")
    ('max-speaker-labels', None, None)
    """
    plain = name.lower().replace("_", "-")
    near = difflib.get_close_matches(plain, [*_SETTING_OF, CORRELATION_ID], n=1, cutoff=_SURELY)
    meant = near[0] if near else _OFTEN_MEANT.get(plain)
    return None if meant == name else meant


def _plain(text: str) -> str:
    """A metadata value as it was meant: S3 hands out what is not ASCII as RFC 2047's encoded words.

    >>> _plain(" =?UTF-8?B?RElDVEFUSU9O?= ")
    'DICTATION'
    """
    try:
        return str(make_header(decode_header(text))).strip()
    except (MessageError, LookupError, ValueError):
        return text.strip()


def _value(setting: str, text: str) -> object:
    """Metadata is text, and case matters only in a vocabulary's name; the word `none` turns a setting off."""
    if text.lower() == "none":
        return False if setting == "channel_identification" else None
    if setting == "channel_identification":
        return {"true": True, "false": False}.get(text.lower(), text)
    if setting.startswith("max_"):
        return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else text
    return text if setting == "vocabulary_name" else text.upper()


def _one_of(setting: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BadSetting(f"{setting} must be {' or '.join(allowed)}")


def _within(setting: str, value: object, most: int) -> None:
    least = 2
    if value is not None and not (type(value) is int and least <= value <= most):
        raise BadSetting(f"{setting} must be a whole number from {least} to {most}")
