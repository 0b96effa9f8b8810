"""Write the transcript in the service's format.

Numbers are strings in items and segments, and numbers in entities. Punctuation has no times and a confidence of "0.0".
Items have ids, which segments refer to. A segment has one reading if the recogniser returns no alternatives.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from local.recogniser import Entity, Reading, RecognitionResult, Segment, Word
from local.transcribe_medical.jobs import Job

PAUSE = 1.0  # seconds of silence after which a new segment begins


@dataclass(frozen=True)
class Spoken:
    """A word and the id of its item; its punctuation has the next id."""

    word: Word
    number: int

    @property
    def numbers(self) -> list[int]:
        """The ids of the word's items."""
        return [self.number, self.number + 1] if self.word.punctuation else [self.number]


def document(job: Job, result: RecognitionResult) -> dict[str, Any]:
    """Return the whole transcript of a completed job."""
    spoken = list(_numbered(result.words))
    labels = labels_of(job)
    results: dict[str, Any] = {"transcripts": [{"transcript": _text(spoken)}]}
    for asked, part in PARTS.items():
        if asked(job):
            results |= part(job, spoken, result)
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


# --- speakers and channels ---

Labels = Callable[[Word], dict[str, str]]


def labels_of(job: Job) -> Labels:
    """Return a function that returns a word's speaker or channel label, if the job requests one."""
    if job.settings.get("ShowSpeakerLabels"):
        return lambda word: {"speaker_label": f"spk_{word.speaker or 0}"}
    if job.settings.get("ChannelIdentification"):
        return lambda word: {"channel_label": f"ch_{word.channel}"}
    return lambda _word: {}


def _speaker_labels(job: Job, spoken: Sequence[Spoken], _recognised: RecognitionResult) -> dict[str, Any]:
    labels = labels_of(job)
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


def _channel_labels(job: Job, spoken: Sequence[Spoken], result: RecognitionResult) -> dict[str, Any]:
    labels = labels_of(job)
    channels = [
        {
            "channel_label": f"ch_{channel}",
            "items": [item for one in spoken if one.word.channel == channel for item in _items(one, labels)],
        }
        for channel in range(result.channels)
    ]
    return {"channel_labels": {"channels": channels, "number_of_channels": result.channels}}


# --- alternatives and entities ---


def _alternatives(job: Job, spoken: Sequence[Spoken], result: RecognitionResult) -> dict[str, Any]:
    """Return each segment with at most MaxAlternatives different readings, the likeliest first."""
    channels = bool(job.settings.get("ChannelIdentification"))
    segments = []
    for segment in result.segments or [_only_reading(part) for part in _segments(spoken)]:
        readings: dict[str, list[Spoken]] = {}
        for reading in map(_in_order, segment.alternatives):
            readings.setdefault(_text(reading), reading)
        shown = [(text, reading) for text, reading in readings.items() if text][: job.settings["MaxAlternatives"]]
        if shown:
            label = {"channel_label": f"ch_{shown[0][1][0].word.channel}"} if channels else {}
            segments.append(
                {
                    "start_time": _seconds(segment.start),
                    "end_time": _seconds(segment.end),
                    **label,
                    "alternatives": [
                        {"transcript": text, "items": [item for one in reading for item in _flat_items(one)]}
                        for text, reading in shown
                    ],
                }
            )
    return {"segments": segments}


def _only_reading(segment: Sequence[Spoken]) -> Segment:
    words = tuple(one.word for one in segment)
    return Segment(words[0].start, max(word.end for word in words), (Reading(words),))


def _in_order(reading: Reading) -> list[Spoken]:
    return list(_numbered(reading.words))


def _entities(_job: Job, _spoken: Sequence[Spoken], result: RecognitionResult) -> dict[str, Any]:
    return {"entities": [_entity(entity) for entity in sorted(result.entities or (), key=lambda entity: entity.start)]}


def _entity(entity: Entity) -> dict[str, Any]:
    """Return an entity in the service's format; its category begins with PHI."""
    category = entity.category if entity.category.upper().startswith("PHI") else f"PHI-{entity.category}"
    return {
        "content": entity.content,
        "category": category,
        "startTime": round(float(entity.start), 3),
        "endTime": round(float(entity.end), 3),
        "confidence": round(float(entity.confidence), 4),
    }


PARTS: Mapping[Callable[[Job], bool], Callable[[Job, Sequence[Spoken], RecognitionResult], dict[str, Any]]] = {
    lambda job: bool(job.settings.get("ShowSpeakerLabels")): _speaker_labels,
    lambda job: bool(job.settings.get("ChannelIdentification")): _channel_labels,
    lambda job: bool(job.settings.get("ShowAlternatives")): _alternatives,
    lambda job: job.request.get("ContentIdentificationType") == "PHI": _entities,
}


# --- items ---


def _items(spoken: Spoken, labels: Labels) -> Iterator[dict[str, Any]]:
    for number, item in zip(spoken.numbers, _flat_items(spoken), strict=True):
        alternative = {"confidence": item.pop("confidence"), "content": item.pop("content")}
        yield {"id": number, **item, "alternatives": [alternative], **labels(spoken.word)}


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
    """Cut at a change of speaker, at the end of a sentence, and at a pause over 1 s."""
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


# --- numbers in AWS's format ---


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
