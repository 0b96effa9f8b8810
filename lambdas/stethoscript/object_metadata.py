"""Reads the object metadata (`x-amz-meta-…`) of an upload: its own job settings, and the uploader's correlation id.

Other programs of the uploader use metadata too, so an unknown name is ignored. A name of Transcribe's own is refused,
because the uploader expects an effect that it would not have.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from email.errors import MessageError
from email.header import decode_header, make_header
from typing import Any

from stethoscript.profiles import SETTINGS, InvalidSetting, JobSettings, Profile
from stethoscript.rejections import Rejected

CORRELATION = re.compile(r"[A-Za-z0-9._:-]{1,64}")
"""The characters of FHIR ids, UUIDs and OIDs (`urn:oid:1.2.3`). A slash is excluded, because it would allow a link."""
CORRELATION_ID = "correlation-id"
CORRELATION_RULE = "1 to 64 letters, digits, hyphens, dots, underscores or colons"

_SETTING_OF = {setting.replace("_", "-"): setting for setting in SETTINGS}
"""Each setting by its name in metadata."""

TRANSCRIBES_OWN: Mapping[str, str] = {
    "LanguageCode": "remove it: Transcribe Medical transcribes US English (en-US) only",
    "MediaFormat": "remove it, or name the format that the recording has: it is detected from the audio",
    "MediaSampleRateHertz": "remove it: the sample rate is detected from the audio",
    "ShowSpeakerLabels": "use max-speaker-labels instead, which turns speaker labels on",
    "ShowAlternatives": "use max-alternatives instead, which turns alternatives on",
    **dict.fromkeys(
        (
            "MedicalTranscriptionJobName", "Media", "MediaFileUri", "RedactedMediaFileUri", "OutputBucketName",
            "OutputKey", "OutputEncryptionKMSKeyId", "KMSEncryptionContext", "Settings", "Tags",
        ),
        "remove it: the deployment sets it for every recording",
    ),
    **dict.fromkeys(
        (
            "TranscriptionJobName", "ModelSettings", "JobExecutionSettings", "ContentRedaction", "IdentifyLanguage",
            "IdentifyMultipleLanguages", "LanguageOptions", "Subtitles", "LanguageIdSettings", "ToxicityDetection",
            "VocabularyFilterName", "VocabularyFilterMethod",
        ),
        "remove it: Transcribe Medical has no such setting",
    ),
}  # fmt: skip
"""Members of StartMedicalTranscriptionJob and StartTranscriptionJob that are not settings here, each with a remedy. A
test compares the names with the service model."""

_SURELY = 0.85
"""difflib's ratio from which a name counts as misspelled: `speciality` (0.95) does, `specialist` (0.84) does not."""
_OFTEN_MEANT = {
    "vocabulary": "vocabulary-name",
    "max-speakers": "max-speaker-labels",
    "channel-id": "channel-identification",
}


def _letters(name: str) -> str:
    """A name without its separators and capitals: LanguageCode, language-code and language_code are the same.

    >>> _letters("Language_Code")
    'languagecode'
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


_BY_LETTERS = {_letters(member): member for member in TRANSCRIBES_OWN}


def overridden(profile: Profile, metadata: Mapping[str, str]) -> JobSettings:
    """The profile's job settings, changed by one recording's metadata.

    Raises:
        Rejected: a setting is invalid, locked or misspelled, or is a member of Transcribe's own.
    """
    changes: dict[str, Any] = {}
    for name, text in metadata.items():
        if name in _SETTING_OF:
            changes[_SETTING_OF[name]] = _value(_SETTING_OF[name], _plain(text))
        elif (member := _BY_LETTERS.get(_letters(name))) is not None:
            _check_member(member, text)
        elif meant := _meant(name):
            raise Rejected("UnknownSetting", f"A name in the object's metadata is misspelled: use {meant}.")
    job_settings = profile.job_settings
    for setting in profile.locked:
        if changes.get(setting, getattr(job_settings, setting)) != getattr(job_settings, setting):
            name = setting.replace("_", "-")
            raise Rejected("LockedSetting", f"Remove {name} from the object's metadata: the profile locks it.")
    try:
        return replace(job_settings, **changes)
    except InvalidSetting as bad:
        raise Rejected("InvalidSetting", f"Correct the object's metadata: {bad}.") from bad


def check_media_format(metadata: Mapping[str, str], detected: str | None) -> None:
    """Refuse a MediaFormat that contradicts the detected format, as Transcribe would.

    >>> check_media_format({"media-format": "MP3", "colour": "blue"}, "mp3")

    Raises:
        Rejected: the metadata names another format.
    """
    for name, text in metadata.items() if detected else ():
        if _BY_LETTERS.get(_letters(name)) == "MediaFormat" and not _same_format(_plain(text).lower(), detected):
            raise _unknown("MediaFormat")


def correlation_id(metadata: Mapping[str, str]) -> str | None:
    """The uploader's `correlation-id`; None if it is missing or not a valid id."""
    given = _plain(metadata.get(CORRELATION_ID, ""))
    return given if CORRELATION.fullmatch(given) else None


def warning(metadata: Mapping[str, str]) -> str | None:
    """The class of a defect in the metadata that does not reject the recording; None without one.

    >>> warning({"correlation-id": "Jane Doe"}), warning({"correlation-id": "urn:oid:1.2.3"}), warning({})
    ('BadCorrelationId', None, None)
    """
    return "BadCorrelationId" if CORRELATION_ID in metadata and correlation_id(metadata) is None else None


def _check_member(member: str, text: str) -> None:
    """Refuse a member of Transcribe's request, unless its value is the one of every recording."""
    if member == "LanguageCode" and _plain(text).lower().replace("_", "-") == "en-us":
        return
    if member != "MediaFormat":  # `check_media_format` compares that one with the audio later
        raise _unknown(member)


def _unknown(member: str) -> Rejected:
    return Rejected("UnknownSetting", f"{member} in the object's metadata has no effect: {TRANSCRIBES_OWN[member]}.")


def _same_format(named: str, detected: str | None) -> bool:
    """Whether two formats are the same container, as MP4 and M4A are."""
    return named == detected or {named, detected} == {"mp4", "m4a"}


def _meant(name: str) -> str | None:
    """The setting of which an unknown name is a misspelling; None if it is none.

    >>> _meant("max-speaker-label"), _meant("specialist"), _meant("conversation-id")
    ('max-speaker-labels', None, None)
    """
    plain = name.lower().replace("_", "-")
    near = difflib.get_close_matches(plain, [*_SETTING_OF, CORRELATION_ID], n=1, cutoff=_SURELY)
    meant = near[0] if near else _OFTEN_MEANT.get(plain)
    return None if meant == name else meant


def _plain(text: str) -> str:
    """A metadata value, decoded: S3 returns a value that is not ASCII as encoded words of RFC 2047.

    >>> _plain(" =?UTF-8?B?RElDVEFUSU9O?= ")
    'DICTATION'
    """
    try:
        return str(make_header(decode_header(text))).strip()
    except (MessageError, LookupError, ValueError):
        return text.strip()


def _value(setting: str, text: str) -> object:
    """A setting's value from text. Case matters only in a vocabulary's name; the word `none` turns a setting off."""
    if text.lower() == "none":
        return False if setting == "channel_identification" else None
    if setting == "channel_identification":
        return {"true": True, "false": False}.get(text.lower(), text)
    if setting.startswith("max_"):
        return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else text
    return text if setting == "vocabulary_name" else text.upper()
