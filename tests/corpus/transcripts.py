"""Outputs of Transcribe Medical. `given` is the body, or a function that makes one too large to store."""

import json
from collections.abc import Mapping
from typing import Any

from stethoscript import transcript
from tests.corpus.item import OK, SAFE, Item, failed

UNREADABLE = failed("TranscriptUnreadable")


def word(content: Any = "cough", **changes: Any) -> dict[str, Any]:
    """A spoken word."""
    alternatives = [{"confidence": "0.9", "content": content}]
    spoken = {"type": "pronunciation", "start_time": "0.1", "end_time": "0.5", "alternatives": alternatives}
    return {name: value for name, value in (spoken | changes).items() if value is not None}


def output(*items: Mapping[str, Any], **results: Any) -> bytes:
    """A job's output with these items."""
    text = [{"transcript": "-" if items else ""}]
    return json.dumps({"results": {"transcripts": text, "items": list(items), **results}}).encode()


def _confident(confidence: Any) -> bytes:
    return output(word(alternatives=[{"confidence": confidence, "content": "cough"}]))


def _channels() -> bytes:
    channels = [
        {"channel_label": label, "items": [word("one", start_time=start, end_time="3.0")]}
        for label, start in (("ch_0", "0.2"), ("ch_1", "0.1"))
    ]
    return output(channel_labels={"channels": channels})


def _readings() -> bytes:
    readings = [{"transcript": f"cough {number}"} for number in range(100_000)]
    return output(word(), segments=[{"start_time": "0.1", "end_time": "0.5", "alternatives": readings}])


SPOKEN = {
    "T10": "</script><img src=x onerror=alert(1)>",
    "T11": "javascript:alert(1) data:text/html,x",
    "T12": "a\u202eb\u2066c\u200fd",
    "T13": "a\ud800b",
    "F1": "00:00:01.000 --> 00:00:02.000",
    "F2": "NOTE\n\nWEBVTT",
    "F3": "1\r\n\r\n2",
    "F4": "=cmd|' /C calc'!A1",
    "F4b": "x;=A1;y",
    "F5": "# *a* [b](http://c) | `d`",
    "F6": "a\x00\x0b\x1f\ufffeb",
    "F7": "&lt;b&gt; &amp; <b>",
    "F8": "a\u2028b\u2029c\x85d",
}
"""Words that a careless document would not write as plain text."""


def _says(item_id: str) -> bytes:
    return output(word(SPOKEN[item_id]))


ITEMS = (
    Item("T1", "an empty object", b"{}", UNREADABLE),
    Item("T2", "broken off", output(word())[:-40], UNREADABLE),
    Item("T3", "more than any four hours", lambda: b" " * (transcript.MOST_BYTES + 1), UNREADABLE,
         "as objects in memory it would be more than the function has"),
    Item("T3b", "small in the file, and large in memory", lambda: b'{"results": [' + b"[]," * transcript.MOST_VALUES,
         UNREADABLE, "as T3"),
    Item("T4a", "no running text, but its words", json.dumps({"results": {"items": [word()]}}).encode(), OK),
    Item("T4b", "nothing said", output(), OK, "silence is delivered as silence"),
    Item("T4c", "a running text, but none of its words", output(transcripts=[{"transcript": "Cough."}]), OK,
         "its words are delivered without times, and a note says so"),
    Item("T5", "a word without a time", output(word(start_time=None)), OK, "the word stays, and a note says so"),
    *(
        Item(f"T6{letter}", f"a time of {time}", output(word(start_time=time)), OK, "as T5")
        for letter, time in zip("abcde", ("NaN", "Infinity", "1e999", "-1", "1e12"), strict=True)
    ),
    Item("T6f", "a word that ends before it begins", output(word(start_time="2.0")), OK, "its end is not known"),
    Item("T7a", "a confidence of high", _confident("high"), OK, "counts as none"),
    Item("T7b", "a confidence of null", _confident(None), OK),
    Item("T7c", "a confidence of 7", _confident("7"), OK),
    Item("T7d", "a confidence that is a list", _confident([1]), OK),
    Item("T8", "speakers without segments", output(word(), speaker_labels={"speakers": 2}), OK,
         "every word is there; who said it is not known"),
    Item("T9", "channels that speak at once", _channels(), OK),
    Item("T10", "markup", _says("T10"), SAFE),
    Item("T11", "addresses that run", _says("T11"), SAFE),
    Item("T12", "characters that turn the line around", _says("T12"), SAFE, "U+FFFD stands in their place"),
    Item("T13", "half a surrogate pair", _says("T13"), SAFE, "U+FFFD stands in its place"),
    Item("T14", "100,000 alternatives", output(word(alternatives=[{"confidence": "1", "content": "a"}] * 100_000)), OK),
    Item("T15a", "a byte order mark", b"\xef\xbb\xbf" + output(word()), OK, "what can be read without doubt is read"),
    Item("T15b", "UTF-16", output(word()).decode().encode("utf-16"), OK, "as T15a"),
    Item("T15c", "bytes that are no UTF-8", b'{"results": "\xff"}', UNREADABLE),
    Item("T14b", "a stretch with 100,000 readings", _readings(), OK),
    Item("T16", "a million brackets", b'{"results": ' + b"[" * 1_000_000, UNREADABLE),
    Item("T16b", "one member twice", b'{"results": {}, ' + output(word())[1:], OK, "the last counts"),
    Item("T17", "a speaker who is an object", output(word(speaker_label={"a": 1})), OK),
    Item("T18", "a speaker with ten thousand letters", output(word(speaker_label="x" * 10_000)), OK),
    Item("T19", "a speaker of markup", output(word(speaker_label="</script>\n\n-->")), OK),
    Item("T20", "a list", b"[]", UNREADABLE),
    Item("T21", "a word with no alternative", output(word(alternatives=[])), UNREADABLE),
    Item("T22", "a word without text", output(word("")), OK, "U+FFFD stands in its place, and a note says so"),
    Item("T23a", "an identified passage that lies nowhere", output(word(), entities=[{"content": "x"}]), OK),
    Item("T23b", "a category of markup", output(word(), entities=[
        {"content": "cough", "category": "</script>", "startTime": 0.1, "endTime": 0.5}]), OK, "its letters are kept"),
    Item("T23c", "entities that are no list", output(word(), entities={"a": 1}), UNREADABLE),
    Item("F1", "a caption's timing", _says("F1"), SAFE),
    Item("F2", "a caption's note", _says("F2"), SAFE),
    Item("F3", "a caption's blank line", _says("F3"), SAFE),
    Item("F4", "a spreadsheet's formula", _says("F4"), SAFE),
    Item("F4b", "a formula between semicolons", _says("F4b"), SAFE),
    Item("F5", "markdown", _says("F5"), SAFE),
    Item("F6", "what XML cannot hold", _says("F6"), SAFE),
    Item("F7", "markup, half escaped", _says("F7"), SAFE),
    Item("F8", "line breaks that only some programs know", _says("F8"), SAFE),
)  # fmt: skip
