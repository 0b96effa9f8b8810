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
    model = transcript.read(output.body).words
    said = [(each.text, each.punctuation, each.confidence) for each in output.said]
    found = [(each.text, each.punctuation, each.confidence) for each in model]
    if output.variant != CHANNELS:
        assert found == said
        return
    assert Counter(found) == Counter(said)
    for voice in (0, 1):
        own = [(e.text, e.start) for e in output.said if e.voice == voice]
        assert [(each.text, each.start) for each in model if each.speaker == f"ch_{voice}"] == own
    starts = [each.start for each in model if each.start is not None]
    assert starts == sorted(starts)


@given(conversations(spoken=st.just("word"), gaps=False))
def test_the_model_has_speaker_time_and_protection_of_each_word(output):
    model = transcript.read(output.body)
    said = sorted(output.said, key=lambda each: (each.start, each.voice)) if output.variant == CHANNELS else output.said
    assert [(each.start, each.end) for each in model.words] == [(each.start, each.end) for each in said]
    kind = "ch" if output.variant == CHANNELS else "spk"
    for word, each in zip(model.words, said, strict=True):
        if output.variant == PLAIN:
            assert word.speaker is None
        elif output.variant != IN_SEGMENTS or each.end > each.start:
            assert word.speaker == f"{kind}_{each.voice}"
        assert model.identified or word.category is None
        assert not (model.identified and each.protected) or word.category == "Personal"


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_has_every_spoken_word_once_in_order(form):
    kind = FORMATS[form]

    @given(conversations())
    def every_word(output):
        model = transcript.read(output.body)
        if kind.applies(model, INFO):
            assert READERS[form](kind.write(model, INFO), model) == tokens(model.words)

    every_word()


def test_without_speech_no_format_has_a_word():
    silence = transcript.read(b'{"results": {"items": [], "entities": []}}')
    for form, kind in FORMATS.items():
        assert READERS[form](kind.write(silence, INFO), silence) == []
