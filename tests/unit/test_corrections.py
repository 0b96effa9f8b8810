"""Corrections change only the words they name. The machine's words stay available."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stethoscript import corrections
from stethoscript.correction_refusals import Reason, Refused
from stethoscript.corrections import Correction, SpeakerEdit, TextEdit, TurnEdit, apply, words_digest
from stethoscript.transcript import Transcript, Word
from stethoscript.word import Writer

TEXTS = st.sampled_from(("bisoprolol", "5 mg.", "two three", "no, not", "…", "a b c d", "Mr.?"))
SPOKEN = st.builds(
    lambda text, punctuation, speaker, category: (text, punctuation, speaker, category),
    st.sampled_from(("metoprolol", "23", "days", "um", "the")),
    st.sampled_from(("", "", ".", ",")),
    st.sampled_from(("spk_0", "spk_0", "spk_1", None)),
    st.sampled_from((None, None, "Personal")),
)


@st.composite
def transcripts(draw, most=12):
    said = draw(st.lists(SPOKEN, max_size=most))
    words = []
    for at, (text, punctuation, speaker, category) in enumerate(said):
        timed = draw(st.integers(0, 6)) > 0
        times = (at * 1.0, at + 0.5) if timed else (None, None)
        words.append(Word(text, *times, 0.9, punctuation, speaker, category))
    return Transcript(tuple(words))


@st.composite
def valid(draw, transcript):
    """A correction that fits the transcript: edits between cuts, so that none overlap."""
    count = len(transcript.words)
    cuts = sorted(draw(st.sets(st.integers(0, count), max_size=8)))
    texts = []
    for start, end in itertools.pairwise(cuts):
        kind = draw(st.sampled_from(("keep", "replace", "insert", "delete")))
        if kind != "keep":
            text = "" if kind == "delete" else draw(TEXTS)
            texts.append(TextEdit(start, start if kind == "insert" else end, text))
    if not texts and count == 0:
        texts = [TextEdit(0, 0, draw(TEXTS))]
    speakers = [
        SpeakerEdit(start, end, draw(st.sampled_from(("spk_1", "spk_2", None))))
        for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    turns = [TurnEdit(at, begins=True) for at in cuts if 0 < at < count and draw(st.booleans())]
    texts = draw(st.permutations(texts))
    confirmed = tuple(itertools.pairwise(cuts))[:1]
    return Correction(
        "job", words_digest(transcript), "corrected", tuple(texts), tuple(speakers), tuple(turns), confirmed
    )


@st.composite
def histories(draw):
    """A machine's transcript, a series of corrections, and the transcript after each correction."""
    machine = draw(transcripts())
    accepted, revised = [], [machine]
    for _ in range(draw(st.integers(1, 4))):
        accepted.append(draw(valid(revised[-1])))
        revised.append(apply(accepted[-1], revised[-1]))
    return machine, accepted, revised


def written(transcript):
    return [word.text + word.punctuation for word in transcript.words]


def by_hand(strings, texts):
    """Apply the edits to a list of strings, from last to first, so that no position shifts."""
    strings = list(strings)
    for edit in sorted(texts, key=lambda edit: (edit.start, edit.end), reverse=True):
        strings[edit.start : edit.end] = edit.text.split()
    return strings


def refused(correction, transcript):
    with pytest.raises(Refused) as caught:
        apply(correction, transcript)
    return caught.value.reason


def spoken(text, speaker="spk_0"):
    pieces = enumerate(text.split())
    return Transcript(tuple(Word(piece, at * 1.0, at + 1.0, 0.9, "", speaker) for at, piece in pieces))


def corrected(transcript, *edits, **more):
    kinds = {"texts": TextEdit, "speakers": SpeakerEdit, "turns": TurnEdit}
    parts = {name: tuple(edit for edit in edits if isinstance(edit, kind)) for name, kind in kinds.items()}
    return Correction("job", words_digest(transcript), "corrected", **parts, **more)


@given(histories())
def test_any_sequence_of_corrections_gives_the_same_words_as_editing_by_hand(history):
    machine, accepted, revised = history
    strings = written(machine)
    for correction, transcript in zip(accepted, revised[1:], strict=True):
        strings = by_hand(strings, correction.texts)
        assert written(transcript) == strings


@given(histories())
def test_the_machine_s_words_are_in_every_revision(history):
    machine, _, revised = history
    for transcript in revised:
        assert corrections.machine_words(transcript) == machine.words


@given(histories())
def test_every_word_of_a_revision_names_the_machine_s_words_it_replaces(history):
    machine, _, revised = history
    for transcript in revised[1:]:
        begins = [word.machine[0] for word in transcript.words]
        assert begins == sorted(begins)
        for word in transcript.words:
            start, end = word.machine
            assert 0 <= start <= end <= len(machine.words)
            if word.by == Writer.MACHINE:
                own = machine.words[start]
                assert (end, word.text, word.punctuation, word.start) == (
                    start + 1,
                    own.text,
                    own.punctuation,
                    own.start,
                )
        own = [word.machine[0] for word in transcript.words if word.by == Writer.MACHINE]
        assert len(own) == len(set(own))


@given(histories())
def test_undoing_the_differences_restores_the_machine_s_words(history):
    for transcript in history[2]:
        found = list(corrections.differences(transcript))
        restored = list(transcript.words)
        for difference in reversed(found):
            assert all(word.by == Writer.EDITOR for word in restored[difference.start : difference.end])
            restored[difference.start : difference.end] = difference.machine
        assert [word.text for word in restored] == [word.text for word in corrections.machine_words(transcript)]
        changed = sum(len(difference.machine) for difference in found)
        assert corrections.corrected_share(transcript) * len(restored) == pytest.approx(changed)


@given(histories())
def test_a_revision_can_be_rebuilt_from_the_machine_s_words_and_the_accepted_corrections(history):
    machine, accepted, revised = history
    for number, transcript in enumerate(revised):
        assert corrections.reconstruct(machine, accepted[:number]) == transcript


@given(histories())
def test_every_word_of_a_revision_is_in_one_turn_once_and_in_order(history):
    for transcript in history[2]:
        turns = list(transcript.turns())
        assert [word for turn in turns for word in turn.words] == list(transcript.words)
        assert all(word.speaker == turn.speaker for turn in turns for word in turn.words)


@given(histories())
def test_words_that_a_correction_does_not_name_stay_as_they_were(history):
    _, accepted, revised = history
    for correction, before, after in zip(accepted, revised, revised[1:], strict=False):
        named = {at for edit in (*correction.texts, *correction.speakers) for at in range(edit.start, edit.end)}
        named |= {turn.at for turn in correction.turns} | {edit.end for edit in correction.texts if not edit.text}
        named |= {at for start, end in correction.confirmed for at in range(start, end)}
        kept = [word for at, word in enumerate(before.words) if at not in named]
        rest = iter(replace(word, machine=None) for word in after.words)
        assert all(replace(word, machine=None) in rest for word in kept)


@given(histories())
def test_times_of_a_revision_increase_where_the_machine_s_times_do(history):
    for transcript in history[2]:
        starts = [word.start for word in transcript.words if word.start is not None]
        assert starts == sorted(starts)
        assert all(word.start <= word.end for word in transcript.words if word.start is not None)


def test_a_replaced_word_takes_the_time_and_the_speaker_of_the_word_it_replaces():
    transcript = spoken("take metoprolol daily")
    revised = apply(corrected(transcript, TextEdit(1, 2, "bisoprolol,")), transcript)
    assert revised.words[1] == Word("bisoprolol", 1.0, 2.0, None, ",", "spk_0", None, Writer.EDITOR, (1, 2))
    assert corrections.machine_words(revised)[1].text == "metoprolol"


def test_additional_words_share_the_time_of_the_replaced_words_by_length():
    transcript = spoken("the next 23 days")
    revised = apply(corrected(transcript, TextEdit(2, 3, "two three")), transcript)
    assert [(word.text, word.start, word.end) for word in revised.words[2:4]] == [
        ("two", 2.0, 2.375),
        ("three", 2.375, 3.0),
    ]


def test_the_shared_time_is_that_of_all_replaced_words():
    transcript = spoken("the next two days")
    revised = apply(corrected(transcript, TextEdit(1, 3, "a bb c")), transcript)
    assert [(word.start, word.end) for word in revised.words[1:4]] == [(1.0, 1.5), (1.5, 2.5), (2.5, 3.0)]
    assert {word.machine for word in revised.words[1:4]} == {(1, 3)}


def test_an_inserted_word_stands_where_the_word_before_it_ends():
    transcript = spoken("there is fever")
    revised = apply(corrected(transcript, TextEdit(2, 2, "no")), transcript)
    assert [(word.text, word.start, word.end, word.machine) for word in revised.words[2:3]] == [
        ("no", 2.0, 2.0, (2, 2))
    ]


def test_a_replaced_word_stays_marked_as_protected():
    transcript = Transcript((Word("Doe", 0.0, 1.0, 0.9, "", None, "Personal"),))
    revised = apply(corrected(transcript, TextEdit(0, 1, "Dow")), transcript)
    assert revised.words[0].category == "Personal"


def test_words_can_be_added_to_an_empty_transcript():
    revised = apply(corrected(Transcript(()), TextEdit(0, 0, "inaudible")), Transcript(()))
    assert written(revised) == ["inaudible"]
    assert corrections.machine_words(revised) == ()


def test_a_turn_is_split_and_merged():
    transcript = spoken("one two three four")
    split = apply(corrected(transcript, TurnEdit(2, begins=True)), transcript)
    assert [turn.text for turn in split.turns()] == ["one two", "three four"]
    merged = apply(corrected(split, TurnEdit(2, begins=False)), split)
    assert [turn.text for turn in merged.turns()] == ["one two three four"]


def test_a_pause_no_longer_splits_turns_that_were_merged():
    pause = Transcript((Word("one", 0.0, 1.0, None), Word("two", 9.0, 10.0, None)))
    assert len(list(pause.turns())) == 2
    assert len(list(apply(corrected(pause, TurnEdit(1, begins=False)), pause).turns())) == 1


def test_a_split_remains_if_its_first_word_is_deleted_or_replaced():
    transcript = spoken("one um three four")
    split = apply(corrected(transcript, TurnEdit(1, begins=True)), transcript)
    for edit, turns in (
        (TextEdit(1, 2, ""), ["one", "three four"]),
        (TextEdit(1, 2, "two"), ["one", "two three four"]),
    ):
        assert [turn.text for turn in apply(corrected(split, edit), split).turns()] == turns


def test_a_turn_changes_its_speaker_and_a_word_in_it_is_replaced_in_one_correction():
    transcript = spoken("one two three")
    revised = apply(corrected(transcript, SpeakerEdit(1, 3, "spk_1"), TextEdit(2, 3, "four")), transcript)
    assert [(turn.speaker, turn.text) for turn in revised.turns()] == [("spk_0", "one"), ("spk_1", "two four")]
    assert [word.speaker for word in corrections.machine_words(revised)] == ["spk_0"] * 3


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        ([TextEdit(0, 2, "a"), TextEdit(1, 3, "b")], Reason.OVERLAPPING),
        ([TextEdit(0, 3, "a"), TextEdit(1, 1, "b")], Reason.OVERLAPPING),
        ([TextEdit(1, 1, "a"), TextEdit(1, 1, "b")], Reason.OVERLAPPING),
        ([SpeakerEdit(0, 2, None), SpeakerEdit(1, 2, "spk_1")], Reason.OVERLAPPING),
        ([TurnEdit(1, begins=True), TurnEdit(1, begins=False)], Reason.OVERLAPPING),
        ([TextEdit(2, 4, "a")], Reason.OUT_OF_RANGE),
        ([TextEdit(-1, 1, "a")], Reason.OUT_OF_RANGE),
        ([TextEdit(4, 4, "a")], Reason.OUT_OF_RANGE),
        ([SpeakerEdit(0, 4, None)], Reason.OUT_OF_RANGE),
        ([TurnEdit(0, begins=True)], Reason.OUT_OF_RANGE),
        ([TurnEdit(3, begins=False)], Reason.OUT_OF_RANGE),
        ([SpeakerEdit(1, 2, "spk_1"), TurnEdit(1, begins=False)], Reason.TWO_SPEAKERS),
    ],
)
def test_edits_that_do_not_fit_are_refused(edits, reason):
    transcript = spoken("one two three")
    assert refused(corrected(transcript, *edits), transcript) == reason


def test_adjacent_edits_do_not_overlap():
    transcript = spoken("one two three")
    edits = (TextEdit(1, 2, "b"), TextEdit(1, 1, "x"), TextEdit(0, 1, "a"), TextEdit(2, 2, "y"))
    assert written(apply(corrected(transcript, *edits), transcript)) == ["a", "x", "b", "y", "three"]


def test_a_range_outside_the_words_cannot_be_confirmed():
    transcript = spoken("one two three")
    assert refused(corrected(transcript, confirmed=((2, 4),)), transcript) == Reason.OUT_OF_RANGE


def test_a_correction_of_another_transcript_is_refused():
    transcript = spoken("one two three")
    correction = corrected(transcript, TextEdit(0, 1, "a"))
    assert refused(correction, apply(correction, transcript)) == Reason.OTHER_BASE


@pytest.mark.parametrize("changed", [{"text": "b"}, {"punctuation": "."}, {"speaker": None}, {"begins_turn": True}])
def test_the_digest_covers_what_a_correction_can_change(changed):
    word = Word("a", 0.0, 1.0, 0.9, "", "spk_0")
    assert words_digest(Transcript((replace(word, **changed),))) != words_digest(Transcript((word,)))


@pytest.mark.parametrize(
    "changed", [{"start": 0.5}, {"confidence": None}, {"category": "Personal"}, {"confirmed": True}]
)
def test_new_documents_do_not_invalidate_an_open_correction(changed):
    word = Word("a", 0.0, 1.0, 0.9, "", "spk_0")
    assert words_digest(Transcript((replace(word, **changed),))) == words_digest(Transcript((word,)))


def test_words_that_look_the_same_have_different_digests():
    assert words_digest(spoken("a b")) != words_digest(Transcript((Word("a b", 0.0, 1.0, 0.9, "", "spk_0"),)))


def test_the_share_of_corrected_words_counts_replaced_and_deleted_words():
    transcript = spoken("one two three four")
    assert corrections.corrected_share(transcript) == 0
    revised = apply(corrected(transcript, TextEdit(0, 1, "a b c"), TextEdit(2, 3, ""), TextEdit(4, 4, "x")), transcript)
    assert corrections.corrected_share(revised) == 0.5
    assert corrections.corrected_share(Transcript(())) == 0


def test_a_corrected_transcript_keeps_the_size_limit_of_a_machine_s():
    transcript = spoken("a")
    assert refused(corrected(transcript, TextEdit(1, 1, "b " * 250_000)), transcript) == Reason.TOO_LARGE


def test_the_changes_are_listed_in_word_order():
    transcript = spoken("one two three")
    changes = corrections.changes(corrected(transcript, TextEdit(2, 3, ""), TextEdit(0, 1, "a.")), transcript)
    assert [(change.at, change.before, change.after) for change in changes] == [(0, "one", "a."), (2, "three", "")]


def test_no_text_of_a_patient_is_in_the_repr_of_a_correction():
    correction = corrected(spoken("a"), TextEdit(0, 1, "Jane"), addenda=("Jane",), reason="Jane", display_name="Jane")
    assert "Jane" not in repr((correction, correction.texts, corrections.changes(correction, spoken("a"))))
