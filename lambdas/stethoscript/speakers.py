"""Finds the speaker of a word, in every form of Transcribe's output."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from stethoscript.fields import label, mappings, seconds
from stethoscript.intervals import Interval, Intervals

_NEAR = 0.5
"""The most seconds between a word and its speaker's segment, because outputs differ in precision."""


class Speakers:
    """The speakers: one label for all words, the label of an item, or the label of its segment."""

    def __init__(self, results: Mapping[str, Any], everyone: Any = None) -> None:
        self._results = results
        self._everyone = label(everyone)

    def of(self, item: Mapping[str, Any], start: float | None, end: float | None) -> str | None:
        """The item's speaker. Without a label, it is the speaker of the segment at the word's middle or near it."""
        own = item.get("speaker_label") or item.get("channel_label")
        if self._everyone or own:
            return self._everyone or label(own)
        if start is None:
            return None
        middle = (start + (start if end is None else end)) / 2
        return self._segments.near(middle, _NEAR)

    @cached_property
    def _segments(self) -> Intervals:
        labels = self._results.get("speaker_labels") or {}
        segments = mappings(labels.get("segments")) or mappings(self._results.get("audio_segments"))
        return Intervals(each for segment in segments for each in _labelled(segment))


def _labelled(segment: Mapping[str, Any]) -> Iterator[Interval]:
    """The intervals of a segment's items with their speakers, or of the whole segment without items."""
    items = [item for item in segment.get("items") or () if isinstance(item, Mapping)]
    for piece in items or [segment]:
        start, end = seconds(piece.get("start_time")), seconds(piece.get("end_time"))
        name = label(piece.get("speaker_label") or segment.get("speaker_label"))
        if name and start is not None and end is not None:
            yield Interval(start, end, name)
