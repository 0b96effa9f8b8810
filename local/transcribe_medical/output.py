"""The transcript in the shape the service writes it.

Numbers are strings inside items and segments, punctuation has no times and a confidence of "0.0", and items are
numbered so that segments can name them. Where this transcript says less than AWS's:

* alternatives: each segment has the one reading that was found, for the recogniser keeps no others;
* PHI: `entities` is always empty. Nothing here looks for it, so an empty list is no finding.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from local.transcribe_medical.heard import Heard, Word
from local.transcribe_medical.jobs import Job

PAUSE = 1.0  # seconds of silence after which a new segment begins


@dataclass(frozen=True)
class Spoken:
    """A word and the numbers of its items: its own, and its punctuation's if it has any."""

    word: Word
    number: int

    @property
    def numbers(self) -> list[int]:
        """The items that stand for it."""
        return [self.number, self.number + 1] if self.word.punctuation else [self.number]


def document(job: Job, heard: Heard) -> dict[str, Any]:
    """Return the whole transcript of a completed job."""
    spoken = list(_numbered(heard.words))
    labels = _labels(job)
    results: dict[str, Any] = {"transcripts": [{"transcript": _text(spoken)}]}
    for asked, part in PARTS.items():
        if asked(job):
            results |= part(spoken, heard, labels)
    results["items"] = [item for one in spoken for item in _items(one, labels)]
    results["audio_segments"] = [
        _audio_segment(number, segment, labels) for number, segment in enumerate(_segments(spoken))
    ]
    return {"jobName": job.name, "accountId": job.account, "status": "COMPLETED", "results": results}


def _numbered(words: Iterable[Word]) -> Iterator[Spoken]:
    number = 0
    for word in sorted(words, key=lambda word: (word.start, word.channel)):
        spoken = Spoken(word, number)
        number += len(spoken.numbers)
        yield spoken


# --- who speaks ---

Labels = Callable[[Word], dict[str, str]]


def _labels(job: Job) -> Labels:
    if job.settings.get("ShowSpeakerLabels"):
        return lambda word: {"speaker_label": f"spk_{word.speaker or 0}"}
    if job.settings.get("ChannelIdentification"):
        return lambda word: {"channel_label": f"ch_{word.channel}"}
    return lambda _word: {}


def _speaker_labels(spoken: Sequence[Spoken], _heard: Heard, labels: Labels) -> dict[str, Any]:
    segments = [
        {
            **_times(segment),
            **labels(segment[0].word),
            "items": [{**_times([one]), **labels(one.word)} for one in segment],
        }
        for segment in _segments(spoken)
    ]
    speakers = {one.word.speaker or 0 for one in spoken}
    return {"speaker_labels": {"segments": segments, "channel_label": "ch_0", "speakers": len(speakers)}}


def _channel_labels(spoken: Sequence[Spoken], heard: Heard, labels: Labels) -> dict[str, Any]:
    channels = [
        {
            "channel_label": f"ch_{channel}",
            "items": [item for one in spoken if one.word.channel == channel for item in _items(one, labels)],
        }
        for channel in range(heard.channels)
    ]
    return {"channel_labels": {"channels": channels, "number_of_channels": heard.channels}}


# --- what else may be asked for ---


def _alternatives(spoken: Sequence[Spoken], _heard: Heard, labels: Labels) -> dict[str, Any]:
    segments = [
        {
            **_times(segment),
            **({} if "speaker_label" in labels(segment[0].word) else labels(segment[0].word)),
            "alternatives": [
                {"transcript": _text(segment), "items": [item for one in segment for item in _flat_items(one)]}
            ],
        }
        for segment in _segments(spoken)
    ]
    return {"segments": segments}


def _entities(_spoken: Sequence[Spoken], _heard: Heard, _labels: Labels) -> dict[str, Any]:
    return {"entities": []}


PARTS: Mapping[Callable[[Job], bool], Callable[[Sequence[Spoken], Heard, Labels], dict[str, Any]]] = {
    lambda job: bool(job.settings.get("ShowSpeakerLabels")): _speaker_labels,
    lambda job: bool(job.settings.get("ChannelIdentification")): _channel_labels,
    lambda job: bool(job.settings.get("ShowAlternatives")): _alternatives,
    lambda job: job.request.get("ContentIdentificationType") == "PHI": _entities,
}


# --- items ---


def _items(spoken: Spoken, labels: Labels) -> Iterator[dict[str, Any]]:
    for number, item in zip(spoken.numbers, _flat_items(spoken), strict=True):
        said = {"confidence": item.pop("confidence"), "content": item.pop("content")}
        yield {"id": number, **item, "alternatives": [said], **labels(spoken.word)}


def _flat_items(spoken: Spoken) -> Iterator[dict[str, Any]]:
    yield {
        "type": "pronunciation",
        **_times([spoken]),
        "confidence": _confidence(spoken.word.confidence),
        "content": spoken.word.text,
    }
    if spoken.word.punctuation:
        yield {"type": "punctuation", "confidence": "0.0", "content": spoken.word.punctuation}


# --- segments ---


def _segments(spoken: Sequence[Spoken]) -> list[list[Spoken]]:
    """Cut where another speaks, where a sentence ends, and where nobody says anything for a while."""
    segments = [[one] for one in spoken[:1]]
    for before, after in pairwise(spoken):
        if _cut(before.word, after.word):
            segments.append([])
        segments[-1].append(after)
    return segments


def _cut(before: Word, after: Word) -> bool:
    return (
        (before.speaker, before.channel) != (after.speaker, after.channel)
        or before.punctuation in (".", "?", "!")
        or after.start - before.end > PAUSE
    )


def _audio_segment(number: int, segment: Sequence[Spoken], labels: Labels) -> dict[str, Any]:
    return {
        "id": number,
        "transcript": _text(segment),
        **_times(segment),
        **labels(segment[0].word),
        "items": [item for one in segment for item in one.numbers],
    }


def _text(spoken: Iterable[Spoken]) -> str:
    return " ".join(one.word.text + one.word.punctuation for one in spoken)


# --- numbers, as AWS writes them ---


def _times(segment: Sequence[Spoken]) -> dict[str, str]:
    return {
        "start_time": _seconds(segment[0].word.start),
        "end_time": _seconds(max(one.word.end for one in segment)),
    }


def _seconds(value: float) -> str:
    """Write seconds as the service does.

    >>> _seconds(0), _seconds(12.3456)
    ('0.0', '12.346')
    """
    return str(round(float(value), 3))


def _confidence(value: float) -> str:
    return str(round(float(value), 4))
