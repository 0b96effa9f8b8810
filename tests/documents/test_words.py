"""Every spoken word occurs once, in order, in every format, whatever it contains."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import FORMATS
from stethoscript import transcript
from tests.documents.read_back import READERS, tokens
from tests.documents.sample_info import INFO
from tests.documents.sample_outputs import CHANNELS, IN_SEGMENTS, PLAIN, conversations


@given(conversations(spoken=st.from_regex("[A-Za-z0-9']{1,9}", fullmatch=True)))
def test_the_model_has_every_spoken_word_once_in_order_in_every_variant(output):
    heard = transcript.read(output.body).words
    said = [(each.text, each.punctuation, each.confidence) for each in output.said]
    found = [(each.text, each.punctuation, each.confidence) for each in heard]
    if output.variant != CHANNELS:
        assert found == said
        return
    assert Counter(found) == Counter(said)
    for voice in (0, 1):
        own = [(e.text, e.start) for e in output.said if e.voice == voice]
        assert [(each.text, each.start) for each in heard if each.speaker == f"ch_{voice}"] == own
    starts = [each.start for each in heard if each.start is not None]
    assert starts == sorted(starts)


@given(conversations(spoken=st.just("word"), gaps=False))
def test_the_model_has_speaker_time_and_protection_of_each_word(output):
    heard = transcript.read(output.body)
    said = sorted(output.said, key=lambda each: (each.start, each.voice)) if output.variant == CHANNELS else output.said
    assert [(each.start, each.end) for each in heard.words] == [(each.start, each.end) for each in said]
    kind = "ch" if output.variant == CHANNELS else "spk"
    for word, each in zip(heard.words, said, strict=True):
        if output.variant == PLAIN:
            assert word.speaker is None
        elif output.variant != IN_SEGMENTS or each.end > each.start:
            assert word.speaker == f"{kind}_{each.voice}"
        assert heard.identified or word.category is None
        assert not (heard.identified and each.protected) or word.category == "Personal"


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_has_every_spoken_word_once_in_order(form):
    kind = FORMATS[form]

    @given(conversations())
    def every_word(output):
        heard = transcript.read(output.body)
        if kind.applies(heard, INFO):
            assert READERS[form](kind.write(heard, INFO), heard) == tokens(heard.words)

    every_word()


def test_without_speech_no_format_has_a_word():
    silence = transcript.read(b'{"results": {"items": [], "entities": []}}')
    for form, kind in FORMATS.items():
        assert READERS[form](kind.write(silence, INFO), silence) == []
