"""A consultation of any length, as Transcribe Medical writes it: two speakers, alternatives, identified entities.

Synthetic, from a seed. Numbers are strings where the service's are.
"""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

WORDS_IN_FOUR_HOURS = 40_000
WORDS_A_SECOND = WORDS_IN_FOUR_HOURS / (4 * 3600)
MOST_ALTERNATIVES = 3
_TERMS = (Path(__file__).parent / "terms.txt").read_text(encoding="utf-8").split()
_COMMON = (Path(__file__).parent / "common.txt").read_text(encoding="utf-8").split()
_NAMES = ["Walter", "Miriam", "Oswald", "Salem", "Boston", "Harriet", "Lowell", "Edmund", "Priscilla", "Concord"]
_COMMAS = 0.1
"""The share of words with a comma after them."""

Item = Mapping[str, Any]


def output(words: int, seed: int = 1) -> bytes:
    """A job's output with this many words."""
    chance = random.Random(seed)  # noqa: S311 - the same conversation every time, not a secret
    turns = list(_turns(words, chance))
    items = [item for turn in turns for item in turn]
    results = {
        "transcripts": [{"transcript": _text(items)}],
        "speaker_labels": {"segments": [_labelled(turn) for turn in turns], "channel_label": "ch_0", "speakers": 2},
        "segments": [_readings(turn, chance) for turn in turns],
        "entities": [_entity(item) for item in items if item["alternatives"][0]["content"] in _NAMES],
        "items": items,
        "audio_segments": [_audio_segment(number, turn) for number, turn in enumerate(turns)],
    }
    return json.dumps(
        {"jobName": "bench", "accountId": "123456789012", "status": "COMPLETED", "results": results}
    ).encode()


def _turns(words: int, chance: random.Random) -> Iterator[list[Item]]:
    number, second, speaker = 0, 0.0, 0
    left = words
    while left:
        spoken = min(left, chance.randint(3, 30))
        turn: list[Item] = []
        for place in range(spoken):
            length = chance.uniform(0.5, 1.2) / WORDS_A_SECOND
            turn.append(_word(number + len(turn), second, second + length * 0.95, speaker, chance))
            second += length
            if place == spoken - 1 or chance.random() < _COMMAS:
                turn.append(_mark(number + len(turn), "." if place == spoken - 1 else ",", speaker))
        yield turn
        number += len(turn)
        left -= spoken
        second += 0.15 / WORDS_A_SECOND * spoken
        speaker = 1 - speaker


def _word(number: int, start: float, end: float, speaker: int, chance: random.Random) -> Item:
    kind = chance.choices((_COMMON, _TERMS, _NAMES), (90, 9, 1))[0]
    return {
        "id": number,
        "type": "pronunciation",
        "start_time": f"{start:.3f}",
        "end_time": f"{end:.3f}",
        "alternatives": [{"confidence": f"{chance.betavariate(8, 0.5):.4f}", "content": chance.choice(kind)}],
        "speaker_label": f"spk_{speaker}",
    }


def _mark(number: int, content: str, speaker: int) -> Item:
    said = {"confidence": "0.0", "content": content}
    return {"id": number, "type": "punctuation", "alternatives": [said], "speaker_label": f"spk_{speaker}"}


def _labelled(turn: Sequence[Item]) -> Item:
    timed = ("start_time", "end_time", "speaker_label")
    items = [{name: item[name] for name in timed} for item in turn if "end_time" in item]
    return {**_span(turn), "speaker_label": turn[0]["speaker_label"], "items": items}


def _readings(turn: Sequence[Item], chance: random.Random) -> Item:
    """The first reading equals the items. Each other reading differs in one word."""
    readings = [list(turn)]
    for _ in range(chance.randint(0, MOST_ALTERNATIVES - 1)):
        other = chance.randrange(len(turn) - 1)
        said = {"confidence": "0.4100", "content": chance.choice(_TERMS)}
        readings.append([*turn[:other], {**turn[other], "alternatives": [said]}, *turn[other + 1 :]])
    flat = [{"transcript": _text(reading), "items": [_flat(item) for item in reading]} for reading in readings]
    return {**_span(turn), "alternatives": flat}


def _flat(item: Item) -> Item:
    times = {name: item[name] for name in ("start_time", "end_time") if name in item}
    return {**times, **item["alternatives"][0], "type": item["type"]}


def _entity(item: Item) -> Item:
    return {
        "content": item["alternatives"][0]["content"],
        "category": "PHI-Personal",
        "startTime": float(item["start_time"]),
        "endTime": float(item["end_time"]),
        "confidence": 0.98,
    }


def _audio_segment(number: int, turn: Sequence[Item]) -> Item:
    numbers = [item["id"] for item in turn]
    return {"id": number, "transcript": _text(turn), **_span(turn), "items": numbers}


def _span(turn: Sequence[Item]) -> Mapping[str, str]:
    times = [item for item in turn if "end_time" in item]
    return {"start_time": times[0]["start_time"], "end_time": times[-1]["end_time"]}


def _text(items: Sequence[Item]) -> str:
    return "".join(" " * ("end_time" in item) + item["alternatives"][0]["content"] for item in items).strip()
