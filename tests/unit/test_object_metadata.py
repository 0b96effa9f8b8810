"""Object metadata: which settings it may change, which it may not, and which it seems to change without effect."""

from contextlib import nullcontext
from functools import partial

import botocore.session
import pytest

from stethoscript import object_metadata, profiles
from stethoscript.profiles import SETTINGS, JobSettings, Profile
from stethoscript.rejections import Rejected

DICTATION = Profile("dictation/", JobSettings(content_identification_type="PHI"))


def refused(given, profile=DICTATION):
    with pytest.raises(Rejected) as refusal:
        object_metadata.overridden(profile, given)
    return refusal.value


def test_metadata_turns_settings_on_and_off_and_ignores_other_names():
    speakers = Profile("conversation/", JobSettings(type="CONVERSATION", max_speaker_labels=2))
    changed = object_metadata.overridden(
        speakers, {"max-speaker-labels": "none", "channel-identification": "true", "colour": "blue"}
    )
    assert changed == JobSettings(type="CONVERSATION", channel_identification=True)


def test_metadata_cannot_choose_documents():
    assert object_metadata.overridden(DICTATION, {"documents": "html", "locked": "true"}) == DICTATION.job_settings


def members(operation):
    """The members of a request, of its Settings and of its Media in the SDK's service model."""
    shape = botocore.session.get_session().get_service_model("transcribe").operation_model(operation).input_shape
    return {*shape.members, *shape.members["Settings"].members, *shape.members["Media"].members}


def test_every_member_of_transcribe_s_requests_is_a_known_setting_or_refused():
    ours = {name.replace("_", "") for name in SETTINGS}
    every = members("StartMedicalTranscriptionJob") | members("StartTranscriptionJob")
    assert {name for name in every if name.lower() not in ours} == set(object_metadata.TRANSCRIBES_OWN)


@pytest.mark.parametrize("member", object_metadata.TRANSCRIBES_OWN)
def test_the_error_names_a_member_that_is_no_setting_and_gives_a_remedy(member):
    given = {member.lower(): "Jane Doe"}
    check = partial(object_metadata.overridden, DICTATION, given)
    if member == "MediaFormat":  # checked against the audio
        check = partial(object_metadata.check_media_format, given, "wav")
    with pytest.raises(Rejected) as refusal:
        check()
    assert refusal.value.reason == "UnknownSetting"
    assert refusal.value.remedy.startswith(f"{member} in the object's metadata has no effect: ")
    assert "Jane" not in refusal.value.remedy


@pytest.mark.parametrize("name", ["LanguageCode", "languagecode", "language_code", "language-code", "LANGUAGE-CODE"])
def test_a_member_is_refused_in_every_spelling(name):
    assert refused({name: "es-US"}).remedy.startswith("LanguageCode ")


@pytest.mark.parametrize("given", ["en-US", "en-us", "EN-US", "en_US", " en-US "])
def test_the_only_supported_language_may_be_named(given):
    assert object_metadata.overridden(DICTATION, {"language-code": given}) == DICTATION.job_settings


@pytest.mark.parametrize(
    ("given", "detected", "agrees"),
    [
        ("mp3", "mp3", True),
        ("MP3", "mp3", True),
        ("m4a", "mp4", True),
        ("mp4", "m4a", True),
        ("mp3", None, True),  # nothing contradicts it
        ("mp3", "wav", False),
        ("wav", "mp3", False),
    ],
)
def test_the_audio_s_own_format_may_be_named_and_another_is_refused(given, detected, agrees):
    assert object_metadata.overridden(DICTATION, {"media-format": given}) == DICTATION.job_settings
    with nullcontext() if agrees else pytest.raises(Rejected, match="UnknownSetting"):
        object_metadata.check_media_format({"Media_Format": given}, detected)


# The correct form of the metadata that a user tried, each on a WAV file.
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"language-code": "es-US"}, "LanguageCode"),  # Transcribe would transcribe it as US English
        ({"language-code": "en-GB"}, "LanguageCode"),
        (
            {"media-sample-rate-hertz": "44100"},
            "MediaSampleRateHertz",
        ),  # detected from the file; a wrong value fails the job
        ({"show-speaker-labels": "true"}, "ShowSpeakerLabels"),  # without a maximum it has no effect
        ({"show-alternatives": "true"}, "ShowAlternatives"),
    ],
)
def test_settings_without_effect_are_refused(given, named):
    assert refused(given).remedy.startswith(named)


@pytest.mark.parametrize("given", ["none", "NONE", "false"])
def test_a_locked_setting_is_not_changed_by_metadata(given):
    [profile] = profiles.read({"a/": {"content_identification_type": "PHI", "locked": ["content_identification_type"]}})
    refusal = refused({"content-identification-type": given}, profile)
    assert refusal.reason == "LockedSetting"
    assert refusal.remedy == "Remove content-identification-type from the object's metadata: the profile locks it."


def test_a_locked_setting_may_be_named_with_its_own_value_and_the_others_may_change():
    [profile] = profiles.read({"a/": {"content_identification_type": "PHI", "locked": ["content_identification_type"]}})
    changed = object_metadata.overridden(profile, {"content-identification-type": "phi", "type": "conversation"})
    assert changed == JobSettings(type="CONVERSATION", content_identification_type="PHI")


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_profile_can_lock_every_setting_at_once(setting):
    [profile] = profiles.read({"a/": {"locked": True}})
    values = {"type": "conversation", "specialty": "x", "channel_identification": "true", "vocabulary_name": "x"}
    assert refused({setting.replace("_", "-"): values.get(setting, "3")}, profile).reason == "LockedSetting"


@pytest.mark.parametrize(
    "usable",
    ["visit-7", "Encounter.4711", "1.2.840.113619.2.62.994044785528.114289542805", "urn:oid:2.16.840.1", "a" * 64,
     "7f0d4a4e-0c3f-4f3f-9a55-2d6a6f0f7a11", "urn:uuid:7f0d4a4e-0c3f-4f3f-9a55-2d6a6f0f7a11"],
)  # fmt: skip
def test_fhir_ids_uuids_and_oids_are_valid_correlation_ids(usable):
    assert (
        object_metadata.correlation_id({"correlation-id": usable}),
        object_metadata.warning({"correlation-id": usable}),
    ) == (
        usable,
        None,
    )


@pytest.mark.parametrize("unusable", ["Jane Doe", "", "a" * 65, "https://example.org", "a\nb", "é", "=1+1", "\x1b[2J"])
def test_an_unusable_correlation_id_is_left_out_with_a_warning(unusable):
    assert object_metadata.correlation_id({"correlation-id": unusable}) is None
    assert object_metadata.warning({"correlation-id": unusable}) == "BadCorrelationId"
