"""Profiles, and the metadata that overrides them."""

import pytest

from stethoscript import profiles
from stethoscript.profiles import InvalidSetting, JobSettings

READ = profiles.read({"dictation/": {}, "dictation/cardiology/": {"max_alternatives": 2}})


def test_the_longest_prefix_decides():
    assert profiles.match(READ, "dictation/cardiology/a.wav").name == "dictation/cardiology"
    assert profiles.match(READ, "dictation/cardio.wav").name == "dictation"


def test_a_profile_may_choose_its_documents_or_none():
    chosen = profiles.read({"a/": {"documents": ["txt"]}, "b/": {"documents": []}, "c/": {}})
    assert [profile.documents for profile in chosen] == [("txt",), (), None]


def test_a_setting_that_a_profile_does_not_name_has_its_usual_value():
    (profile,) = profiles.read({"a/": {"documents": ["txt"]}})
    assert profile.setting("locked") == ()
    assert profile.row_settings is None


def test_the_error_for_a_key_without_a_profile_lists_the_prefixes():
    assert profiles.match(READ, "a.wav") is None
    assert "dictation/cardiology/" in profiles.unmatched(READ).remedy


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"type": "SONG"}, "type"),
        ({"specialty": "CARDIOLOGY"}, "specialty"),
        ({"max_speaker_labels": 1}, "max_speaker_labels"),
        ({"max_speaker_labels": 31}, "max_speaker_labels"),
        ({"max_speaker_labels": True}, "max_speaker_labels"),
        ({"max_alternatives": 11}, "max_alternatives"),
        ({"max_alternatives": "2"}, "max_alternatives"),
        ({"channel_identification": "yes"}, "channel_identification"),
        ({"channel_identification": True, "max_speaker_labels": 2}, "exclude each other"),
        ({"vocabulary_name": "my drugs"}, "vocabulary_name"),
        ({"content_identification_type": "PII"}, "content_identification_type"),
        ({"speaker_labels": 2}, "unknown speaker_labels"),
        ({"documents": ["pdf"]}, "documents: unknown format 'pdf'; known: "),
        ({"documents": ["txt", "txt"]}, "documents: 'txt' is listed twice"),
        ({"documents": "txt"}, "documents must be a list"),
        ({"documents": None}, "documents must be a list"),
        ({"locked": ["colour"]}, "locked must be true or a list of settings; known: type, specialty"),
        ({"locked": "type"}, "locked must be true or a list"),
        ({"locked": [["type"]]}, "locked must be true or a list"),
        ({"locked": 1}, "locked must be true or a list"),
    ],
)
def test_the_error_names_an_impossible_setting(settings, named):
    with pytest.raises(InvalidSetting, match=named):
        profiles.read({"dictation/": settings})


@pytest.mark.parametrize("prefix", ["", "dictation", "/dictation/", "Dictation/", "a b/", "ü/", "../"])
def test_an_ambiguous_prefix_is_refused(prefix):
    with pytest.raises(InvalidSetting, match="prefix"):
        profiles.read({prefix: {}})


def test_every_setting_is_in_the_request_under_transcribe_s_name():
    job_settings = JobSettings(max_speaker_labels=3, max_alternatives=2, vocabulary_name="drugs")
    assert job_settings.settings() == {
        "ShowSpeakerLabels": True, "MaxSpeakerLabels": 3, "ShowAlternatives": True, "MaxAlternatives": 2,
        "VocabularyName": "drugs",
    }  # fmt: skip
