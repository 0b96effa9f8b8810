"""Who says a word, in every way that Transcribe's output tells it."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from stethoscript.fields import label, mappings, seconds
from stethoscript.intervals import Interval, Intervals

_NEAR = 0.5
"""Seconds between a word and the segment of the one who says it: outputs differ in how exact they are."""


class Speakers:
    """Who speaks: a label for all words, the item's own, or that of the segment it lies in."""

    def __init__(self, results: Mapping[str, Any], everyone: Any = None) -> None:
        self._results = results
        self._everyone = label(everyone)

    def of(self, item: Mapping[str, Any], start: float | None, end: float | None) -> str | None:
        """The segment that lies over the word's middle, or else the nearest, if it is not far from it."""
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
        return Intervals(span for segment in segments for span in _labelled(segment))


def _labelled(segment: Mapping[str, Any]) -> Iterator[Interval]:
    """The times of a segment's items, each with its speaker, or of the segment as a whole."""
    items = [item for item in segment.get("items") or () if isinstance(item, Mapping)]
    for piece in items or [segment]:
        start, end = seconds(piece.get("start_time")), seconds(piece.get("end_time"))
        name = label(piece.get("speaker_label") or segment.get("speaker_label"))
        if name and start is not None and end is not None:
            yield Interval(start, end, name)
