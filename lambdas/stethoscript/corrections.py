"""Corrections: edits of ranges of a transcript's words. Applying one keeps the machine's words.

Positions count from 0 in the words that the correction is based on; a range ends before its `end`. All edits of one
correction refer to the same words, so their order in the file does not matter.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from stethoscript import editor_words
from stethoscript.correction_refusals import Reason, Refused
from stethoscript.transcript import MOST_WORDS, Transcript
from stethoscript.word import Word, Writer


@dataclass(frozen=True)
class TextEdit:
    """Replace words by a text. An empty range inserts; an empty text deletes. Only an insertion has a `speaker`."""

    start: int
    end: int
    text: str = field(repr=False)
    speaker: str | None = None


@dataclass(frozen=True)
class SpeakerEdit:
    """Set the speaker of words; None is an unknown speaker."""

    start: int
    end: int
    speaker: str | None


@dataclass(frozen=True)
class TurnEdit:
    """Begin a turn at a word, or join the word to the previous turn."""

    at: int
    begins: bool


@dataclass(frozen=True)
class Correction:
    """The content of a correction file. Its `repr` omits texts, because they are patient data.

    `based_on` is the digest of the words that the positions refer to. `status` is the status of the new revision.
    """

    job: str
    based_on: str
    status: str
    texts: tuple[TextEdit, ...] = ()
    speakers: tuple[SpeakerEdit, ...] = ()
    turns: tuple[TurnEdit, ...] = ()
    confirmed: tuple[tuple[int, int], ...] = ()
    addenda: tuple[str, ...] = field(default=(), repr=False)
    display_name: str | None = field(default=None, repr=False)
    reason: str | None = field(default=None, repr=False)

    @property
    def edits(self) -> int:
        """The number of edits."""
        return len(self.texts) + len(self.speakers) + len(self.turns)


@dataclass(frozen=True)
class Change:
    """The change by one text edit, from the word `at`, for people who compare two revisions."""

    at: int
    before: str = field(repr=False)
    after: str = field(repr=False)


@dataclass(frozen=True)
class Difference:
    """The words of a transcript from `start` to `end` that replace words of the machine; either can be empty."""

    start: int
    end: int
    machine: tuple[Word, ...] = field(repr=False)


def words_digest(transcript: Transcript) -> str:
    """SHA-256 of all values that a correction can change: text, punctuation, speaker and forced turns, in order.

    Times, confidence, protected health information and the writer are not included. Therefore better values of these
    do not invalidate an editor's open work, and an edit that a later one reverts gives the same digest again.
    """
    digest = hashlib.sha256(b"words 1\n")
    for word in transcript.words:
        digest.update(json.dumps([word.text, word.punctuation, word.speaker, word.begins_turn]).encode() + b"\n")
    return digest.hexdigest()


def apply(correction: Correction, transcript: Transcript) -> Transcript:
    """The transcript with the edits applied.

    An editor's word has the time of the replaced words, no confidence, and the range of the machine's words that it
    replaces. `Transcript.machine` keeps all of the machine's words.

    Raises:
        Refused: the correction is based on other words, or its edits do not fit them.
    """
    if correction.based_on != words_digest(transcript):
        raise Refused(Reason.OTHER_BASE, "basedOn")
    texts = _checked(correction, len(transcript.words))
    machine = transcript.words if transcript.machine is None else transcript.machine
    words = list(transcript.words)
    if transcript.machine is None:
        words = [replace(word, machine=(at, at + 1)) for at, word in enumerate(words)]
    _mark(words, correction)
    _pass_on_turns(words, texts)
    revised = tuple(_with_texts(words, texts, len(machine)))
    if len(revised) > max(MOST_WORDS, len(words)):
        raise Refused(Reason.TOO_LARGE, "edits")
    return replace(transcript, words=revised, machine=machine)


def reconstruct(machine: Transcript, accepted: Iterable[Correction]) -> Transcript:
    """The transcript of a revision: the machine's transcript with the accepted corrections applied in order.

    Raises:
        Refused: a correction is not based on the result of the previous one.
    """
    for correction in accepted:
        machine = apply(correction, machine)
    return machine


def machine_words(transcript: Transcript) -> tuple[Word, ...]:
    """The machine's words, without any correction."""
    return transcript.words if transcript.machine is None else transcript.machine


def differences(transcript: Transcript) -> Iterator[Difference]:
    """The differences from the machine's words, in order. Adjacent edits are one difference."""
    machine = machine_words(transcript)
    start = kept = 0
    for at, word in enumerate(transcript.words):
        if word.by == Writer.MACHINE:
            own = word.machine[0] if word.machine else at
            if at > start or own > kept:
                yield Difference(start, at, machine[kept:own])
            start, kept = at + 1, own + 1
    if len(transcript.words) > start or len(machine) > kept:
        yield Difference(start, len(transcript.words), machine[kept:])


def corrected_share(transcript: Transcript) -> float:
    """The share of the machine's words that were replaced or deleted, from 0 to 1."""
    machine = machine_words(transcript)
    kept = sum(word.by == Writer.MACHINE for word in transcript.words)
    return 1 - kept / len(machine) if machine else 0.0


def changes(correction: Correction, transcript: Transcript) -> tuple[Change, ...]:
    """The changes by the correction's text edits, in the order of the words."""
    return tuple(
        Change(
            edit.start,
            " ".join(word.text + word.punctuation for word in transcript.words[edit.start : edit.end]),
            edit.text,
        )
        for edit in sorted(correction.texts, key=_place)
    )


def _place(edit: TextEdit | SpeakerEdit) -> tuple[int, int]:
    return edit.start, edit.end


def _checked(correction: Correction, count: int) -> list[TextEdit]:
    """The text edits in order, after a check that all positions exist and that edits of one kind do not overlap."""
    ranges = (*map(_place, correction.texts), *map(_place, correction.speakers), *correction.confirmed)
    if not all(0 <= start <= end <= count for start, end in ranges):
        raise Refused(Reason.OUT_OF_RANGE, "edits")
    if not all(0 < turn.at < count for turn in correction.turns):
        raise Refused(Reason.OUT_OF_RANGE, "edits")
    places = [turn.at for turn in correction.turns]
    if _overlap(correction.texts) or _overlap(correction.speakers) or len(places) != len(set(places)):
        raise Refused(Reason.OVERLAPPING, "edits")
    return sorted(correction.texts, key=_place)


def _overlap(edits: Iterable[TextEdit | SpeakerEdit]) -> bool:
    return any(after[0] < before[1] or after == before for before, after in pairwise(sorted(map(_place, edits))))


def _mark(words: list[Word], correction: Correction) -> None:
    """Set the speakers, turns and confirmations of the words."""
    for edit in correction.speakers:
        words[edit.start : edit.end] = [replace(word, speaker=edit.speaker) for word in words[edit.start : edit.end]]
    for turn in correction.turns:
        if not turn.begins and words[turn.at].speaker != words[turn.at - 1].speaker:
            raise Refused(Reason.TWO_SPEAKERS, "edits")
        words[turn.at] = replace(words[turn.at], begins_turn=turn.begins)
    for start, end in correction.confirmed:
        words[start:end] = [replace(word, confirmed=True) for word in words[start:end]]


def _pass_on_turns(words: list[Word], texts: Iterable[TextEdit]) -> None:
    """If the first word of a forced turn is deleted, begin the turn at the next word."""
    for edit in texts:
        if edit.text or edit.start == edit.end == len(words):
            continue
        begins = words[edit.start].begins_turn
        if begins is not None and edit.end < len(words) and words[edit.end].begins_turn is None:
            words[edit.end] = replace(words[edit.end], begins_turn=begins)


def _with_texts(words: Sequence[Word], texts: Iterable[TextEdit], machine: int) -> Iterator[Word]:
    done = 0
    for edit in texts:
        yield from words[done : edit.start]
        yield from editor_words.replacing(words, _place(edit), edit.text, speaker=edit.speaker, machine=machine)
        done = edit.end
    yield from words[done:]
