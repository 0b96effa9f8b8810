"""Corrections: edits on ranges of a transcript's words, applied without losing what the machine wrote.

Positions are those of the words the correction is based on, counted from 0; a range ends before its `end`. All
edits of one correction refer to the same words, so their order in the file does not matter.
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
    """Replace words by a text: an empty range inserts, an empty text deletes. `speaker` is of an insertion only."""

    start: int
    end: int
    text: str = field(repr=False)
    speaker: str | None = None


@dataclass(frozen=True)
class SpeakerEdit:
    """Say who spoke these words; None is unknown."""

    start: int
    end: int
    speaker: str | None


@dataclass(frozen=True)
class TurnEdit:
    """Begin a turn at a word, or join the word to the turn before it."""

    at: int
    begins: bool


@dataclass(frozen=True)
class Correction:
    """What a correction file says. Texts are left out of its `repr`, because they are patient data.

    `based_on` is the digest of the words that the positions refer to. `status` is the wanted one.
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
        """How many edits there are."""
        return len(self.texts) + len(self.speakers) + len(self.turns)


@dataclass(frozen=True)
class Change:
    """What an edit made of the words from `at` on: for people who compare two revisions."""

    at: int
    before: str = field(repr=False)
    after: str = field(repr=False)


@dataclass(frozen=True)
class Difference:
    """Words of a transcript, `start` to `end`, that stand where the machine wrote others; either may be none."""

    start: int
    end: int
    machine: tuple[Word, ...] = field(repr=False)


def words_digest(transcript: Transcript) -> str:
    """SHA-256 of everything that a correction can change: text, punctuation, speaker and forced turns, in order.

    Times, confidence, protected health information and who wrote a word are not covered: documents that are made
    again with better ones do not invalidate an editor's open work. For the same reason an edit that was undone by a
    later one gives the same digest again.
    """
    digest = hashlib.sha256(b"words 1\n")
    for word in transcript.words:
        digest.update(json.dumps([word.text, word.punctuation, word.speaker, word.begins_turn]).encode() + b"\n")
    return digest.hexdigest()


def apply(correction: Correction, transcript: Transcript) -> Transcript:
    """The transcript with the edits made.

    An editor's word takes the time of the words it replaces, has no confidence, and names the machine's words that it
    stands for. `Transcript.machine` keeps all of the machine's words.

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
    """The words of a revision: the machine's transcript and, in order, the corrections that were accepted up to it.

    Raises:
        Refused: one of them does not follow the one before it.
    """
    for correction in accepted:
        machine = apply(correction, machine)
    return machine


def machine_words(transcript: Transcript) -> tuple[Word, ...]:
    """The words as the machine wrote them, whatever was corrected since."""
    return transcript.words if transcript.machine is None else transcript.machine


def differences(transcript: Transcript) -> Iterator[Difference]:
    """Where the transcript differs from what the machine wrote, in order. Edits side by side are one difference."""
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
    """The share of the machine's words that no longer stand as it wrote them, from 0 to 1."""
    machine = machine_words(transcript)
    kept = sum(word.by == Writer.MACHINE for word in transcript.words)
    return 1 - kept / len(machine) if machine else 0.0


def changes(correction: Correction, transcript: Transcript) -> tuple[Change, ...]:
    """What the correction changes in the words of the transcript that it is based on, in their order."""
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
    """The text edits in order, if no edit names what is not there or what another one of its kind names."""
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
    """Write speakers, turns and confirmations into the words that the correction names."""
    for named in correction.speakers:
        words[named.start : named.end] = [
            replace(word, speaker=named.speaker) for word in words[named.start : named.end]
        ]
    for turn in correction.turns:
        if not turn.begins and words[turn.at].speaker != words[turn.at - 1].speaker:
            raise Refused(Reason.TWO_SPEAKERS, "edits")
        words[turn.at] = replace(words[turn.at], begins_turn=turn.begins)
    for start, end in correction.confirmed:
        words[start:end] = [replace(word, confirmed=True) for word in words[start:end]]


def _pass_on_turns(words: list[Word], texts: Iterable[TextEdit]) -> None:
    """Where the first word of a forced turn is deleted, the word that follows takes its place in the turn."""
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
