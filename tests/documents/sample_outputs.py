"""Outputs of Transcribe Medical in every variant, with the words that were spoken in them."""

import json
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

PLAIN, ON_ITEMS, IN_SEGMENTS, CHANNELS = "plain", "speakers on items", "speakers in segments", "channels"
HOSTILE = (
    "</script><img src=x onerror=alert(1)>", "-->", "00:00:01.000 --> 00:00:02.000", "NOTE", "WEBVTT", "1", "STYLE",
    "=cmd|' /C calc'!A1", "'=1", "+1", "-", "@SUM(A1)", "\uff1d1", '"a,b"', "a;b", "<b>", "<v Doctor>", "{\\an8}",
    "&lt;", "&amp;", "two words", "[0:00:00]", "(no speech)", "[PERSONAL]", "Speaker 1:", "a\r\nb", "1\n\n2", "a\tb",
    "\x00", "a\x0bb", "\u202ea", "\u2028", "\x85", "\u2060", "\ufeff", "\ud800", "a\udfffb", "\U0001fa7a", "e\u0301",
    "", " ", "x" * 300, "\\", "x;=A1;y", 'a;"=1"', "a;'=1", '"',
)  # fmt: skip
"""Words that a careless format would not write as plain text."""
USUAL = ("cough", "Lisinopril", "5", "Dr", "aren't")
texts = st.sampled_from(USUAL) | st.sampled_from(HOSTILE) | st.text(max_size=12)


@dataclass(frozen=True)
class Said:
    """One spoken word. `start` is None where the output has no times for it."""

    text: str
    start: float | None
    end: float | None
    confidence: float | None
    punctuation: str
    voice: int
    protected: bool


@dataclass(frozen=True)
class Output:
    """A job's output and its spoken words."""

    variant: str
    said: tuple[Said, ...]
    body: bytes


@st.composite
def conversations(draw: Any, spoken: st.SearchStrategy[str] = texts, most: int = 25, gaps: bool = True) -> Output:
    """Words in the order of their times, in any shape that the service writes."""
    said = []
    now = 0.0
    for _ in range(draw(st.integers(0, most))):
        now = round(now + draw(st.sampled_from((0.0, 0.05, 0.4, 1.5, 3.0, 9.0))), 2)
        end = round(now + draw(st.sampled_from((0.0, 0.2, 0.9, 8.0))), 2)
        timed = not gaps or draw(st.integers(0, 7)) > 0
        said.append(
            Said(
                draw(spoken), now if timed else None, end if timed else None,
                draw(st.sampled_from((None, 0.0, 0.3, 0.7, 0.95, 1.0))), draw(st.sampled_from(("", "", ".", ",", "?"))),
                draw(st.integers(0, 1)), draw(st.integers(0, 5)) == 0,
            )
        )  # fmt: skip
        now = max(now, end)
    variant = draw(st.sampled_from((PLAIN, ON_ITEMS, IN_SEGMENTS, CHANNELS)))
    number = draw(st.sampled_from((str, float)))
    results = _results(
        variant, said, number, newer=draw(st.booleans()), covered_share=draw(st.sampled_from((0.45, 1.0)))
    )
    if draw(st.booleans()):
        results["segments"] = [_readings(each, number) for each in said if each.start is not None]
    if draw(st.booleans()):
        results["entities"] = [_entity(each) for each in said if each.protected and each.start is not None]
    results = draw(blanked(results)) if gaps else results
    return Output(variant, tuple(said), json.dumps({"results": results, "status": "COMPLETED"}).encode())


@st.composite
def blanked(draw: Any, results: dict[str, Any]) -> dict[str, Any]:
    """The same results with null or missing values in place of empty ones, and with a null in a list."""
    for name in [name for name, value in results.items() if value == [] and name != "entities"]:
        how = draw(st.sampled_from(("empty", "null", "missing")))
        if how == "missing":
            del results[name]
        elif how == "null":
            results[name] = None
    for channel in results.get("channel_labels", {}).get("channels", ()):
        if not channel["items"] and draw(st.booleans()):
            channel["items"] = None
    if results.get("items") and draw(st.booleans()):
        results["items"].append(None)
    if draw(st.booleans()):
        results |= {name: None for name in ("speaker_labels", "channel_labels", "segments") if name not in results}
    return results


def output_items(texts: list[str], **more: Any) -> list[dict[str, Any]]:
    """Items for these words, one a second."""
    return [
        {
            "type": "pronunciation",
            "start_time": str(second),
            "end_time": f"{second}.5",
            "alternatives": [{"content": each}],
        }
        | more
        for second, each in enumerate(texts)
    ]


def _results(variant: str, said: list[Said], number: Any, *, newer: bool, covered_share: float) -> dict[str, Any]:
    """`covered_share` is the share of each word that its speaker's segment covers.

    Below one half it does not cover the middle.
    """
    items = [item for each in said for item in _items(each, variant, number)]
    results: dict[str, Any] = {"transcripts": [{"transcript": " ".join(each.text for each in said)}], "items": items}
    if newer:
        for index, item in enumerate(items):
            item["id"] = index
        results["audio_segments"] = [{"id": 0, "transcript": "", "items": list(range(len(items)))}] if items else []
    if variant == IN_SEGMENTS:
        results["speaker_labels"] = {
            "speakers": 2,
            "segments": [_segment(e, number, covered_share) for e in said if e.start is not None],
        }
    if variant == CHANNELS:
        channels = [
            {"channel_label": f"ch_{n}", "items": [i for e in said if e.voice == n for i in _items(e, variant, number)]}
            for n in (0, 1)
        ]
        results["channel_labels"] = {"number_of_channels": 2, "channels": channels}
    return results


def _items(said: Said, variant: str, number: Any) -> list[dict[str, Any]]:
    best = {"content": said.text} | ({} if said.confidence is None else {"confidence": number(said.confidence)})
    item = {"type": "pronunciation", "alternatives": [best], **_times(said, number)}
    if variant == ON_ITEMS:
        item["speaker_label"] = f"spk_{said.voice}"
    marks = [{"type": "punctuation", "alternatives": [{"content": said.punctuation}]}] if said.punctuation else []
    return [item, *marks]


def _times(said: Said, number: Any) -> dict[str, Any]:
    return {} if said.start is None else {"start_time": number(said.start), "end_time": number(said.end)}


def _segment(said: Said, number: Any, covered_share: float) -> dict[str, Any]:
    covered = replace(said, end=said.start + covered_share * (said.end - said.start))
    piece = {**_times(covered, number), "speaker_label": f"spk_{said.voice}"}
    return {**piece, "items": [piece]}


def _readings(said: Said, number: Any) -> dict[str, Any]:
    other = {"content": "caught", "confidence": number(0.2), "type": "pronunciation", **_times(said, number)}
    readings = [{"transcript": said.text, "items": []}, {"transcript": "caught", "items": [other]}]
    return {**_times(said, number), "alternatives": readings}


def _entity(said: Said) -> dict[str, Any]:
    times = {"startTime": said.start, "endTime": said.end}
    return {"content": said.text, "category": "PHI-Personal", **times, "confidence": 1}
