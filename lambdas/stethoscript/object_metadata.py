"""What one recording's object metadata (`x-amz-meta-…`) says: settings of its own, and the uploader's own id.

Metadata belongs to the uploader's programs too, so a name that is nobody's setting is left alone. A name that is
Transcribe's is not: its uploader expects an effect which it would not have.
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
"""What FHIR ids, UUIDs and OIDs (`urn:oid:1.2.3`) consist of. A slash would let an e-mail carry a link."""
CORRELATION_ID = "correlation-id"
CORRELATION_RULE = "1 to 64 letters, digits, hyphens, dots, underscores or colons"

_SETTING_OF = {setting.replace("_", "-"): setting for setting in SETTINGS}
"""Settings by their names in metadata."""

TRANSCRIBES_OWN: Mapping[str, str] = {
    "LanguageCode": "remove it: Transcribe Medical transcribes US English (en-US) alone",
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
"""Members of StartMedicalTranscriptionJob and of StartTranscriptionJob, with their Settings, that are no setting of
ours, and what to do instead. A test compares the names with the service model."""

_SURELY = 0.85
"""difflib's ratio from which a name is a misspelling: `specialist` (0.84) is a stranger, `speciality` (0.95) is not."""
_OFTEN_MEANT = {
    "vocabulary": "vocabulary-name",
    "max-speakers": "max-speaker-labels",
    "channel-id": "channel-identification",
}


def _letters(name: str) -> str:
    """A name without what tells its spellings apart: LanguageCode, language-code and language_code are one.

    >>> _letters("Language_Code")
    'languagecode'
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


_BY_LETTERS = {_letters(member): member for member in TRANSCRIBES_OWN}


def overridden(profile: Profile, metadata: Mapping[str, str]) -> JobSettings:
    """The profile's recipe as one recording's metadata changes it.

    Raises:
        Rejected: a setting with an impossible value, one that is locked or misspelled, or one of Transcribe's own.
    """
    changes: dict[str, Any] = {}
    for name, text in metadata.items():
        if name in _SETTING_OF:
            changes[_SETTING_OF[name]] = _value(_SETTING_OF[name], _plain(text))
        elif (member := _BY_LETTERS.get(_letters(name))) is not None:
            _check_member(member, text)
        elif meant := _meant(name):
            raise Rejected("UnknownSetting", f"A name in the object's metadata is not ours but nearly: use {meant}.")
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
    """Refuse a MediaFormat that contradicts the audio, as Transcribe would; one that agrees with it is true.

    >>> check_media_format({"media-format": "MP3", "colour": "blue"}, "mp3")

    Raises:
        Rejected: it names another format.
    """
    for name, text in metadata.items() if detected else ():
        if _BY_LETTERS.get(_letters(name)) == "MediaFormat" and not _same_format(_plain(text).lower(), detected):
            raise _unknown("MediaFormat")


def correlation_id(metadata: Mapping[str, str]) -> str | None:
    """The uploader's own `correlation-id`; None if there is none, or if it could carry more than an id."""
    given = _plain(metadata.get(CORRELATION_ID, ""))
    return given if CORRELATION.fullmatch(given) else None


def warning(metadata: Mapping[str, str]) -> str | None:
    """The class of what is wrong with the metadata without being a reason to refuse the recording.

    >>> warning({"correlation-id": "Jane Doe"}), warning({"correlation-id": "urn:oid:1.2.3"}), warning({})
    ('BadCorrelationId', None, None)
    """
    return "BadCorrelationId" if CORRELATION_ID in metadata and correlation_id(metadata) is None else None


def _check_member(member: str, text: str) -> None:
    """Refuse a member of Transcribe's request, unless it says what holds for every recording anyway."""
    if member == "LanguageCode" and _plain(text).lower().replace("_", "-") == "en-us":
        return
    if member != "MediaFormat":  # that one is compared with the audio, which has not been read yet
        raise _unknown(member)


def _unknown(member: str) -> Rejected:
    return Rejected("UnknownSetting", f"{member} in the object's metadata has no effect: {TRANSCRIBES_OWN[member]}.")


def _same_format(named: str, detected: str | None) -> bool:
    """Whether two of Transcribe's formats are one: MP4 and M4A are the same container."""
    return named == detected or {named, detected} == {"mp4", "m4a"}


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
