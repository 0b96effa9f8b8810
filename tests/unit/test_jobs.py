"""Job names: one for each object version, and nothing from the key in them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from stethoscript import jobs
from stethoscript.uploads import Upload

texts = st.text(st.characters(codec="utf-8"), max_size=60)
uploads = st.builds(Upload, texts, texts, texts)


@given(uploads, uploads)
def test_two_uploads_share_a_name_only_if_they_are_the_same(one, other):
    assert (jobs.recording("clinic", one) == jobs.recording("clinic", other)) == (one == other)


@given(uploads, st.integers(1, 99))
def test_transcribe_accepts_the_name_and_it_identifies_the_recording(upload, attempt):
    recording = jobs.recording("clinic", upload)
    job = jobs.name(recording, attempt)
    assert re.fullmatch("[0-9a-zA-Z._-]{1,200}", job)
    assert jobs.recording_of("clinic", job) == recording


def test_a_longer_deployment_name_is_another_deployment():
    job = jobs.recording("clinic2", Upload("b", "k", "v"))
    assert jobs.recording_of("clinic", job) is None


def test_composed_and_decomposed_letters_are_two_keys():
    names = {jobs.recording("clinic", Upload("b", key, "v")) for key in ("\u00e9.wav", "e\u0301.wav")}
    assert len(names) == 2
