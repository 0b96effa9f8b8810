"""Measures of a recognition: the share of wrong words and the share of wrong speaking time."""

import re
from collections.abc import Callable, Iterable
from itertools import combinations, permutations
from pathlib import Path
from typing import NamedTuple

# Texts that both the reference and the recogniser may write in two ways.
_SAME = (
    (re.compile(r"(\d)\s*/\s*(\d)"), r"\1 over \2"),
    (re.compile(r"(?<=\w)-(?=\w)"), " "),
    (re.compile(r"\bmilligrams?\b", re.IGNORECASE), "mg"),
    (re.compile(r"(\d)(mg)\b", re.IGNORECASE), r"\1 \2"),
)
_FRAME_SECONDS = 0.01


class Turn(NamedTuple):
    """One interval in which one speaker speaks, in seconds."""

    start: float
    end: float
    speaker: str


def word_error_rate(reference: str, recognised: str) -> float:
    """Return the number of changed, lost and added words, divided by the words of the reference.

    Case, punctuation and the spelling of numbers do not count, as in Whisper's own evaluation. "milligrams" for "mg"
    and "148/92" for "148 over 92" do not count either.
    """
    import jiwer  # noqa: PLC0415 - it takes half a second, and only measurements need it

    return float(jiwer.wer(plain(reference), plain(recognised)))


def plain(text: str) -> str:
    """Return a text in the form in which words are compared."""
    from whisper_normalizer.english import EnglishTextNormalizer  # noqa: PLC0415 - as above

    for pattern, replacement in _SAME:
        text = pattern.sub(replacement, text)
    normalise: Callable[[str], str] = EnglishTextNormalizer()  # type: ignore[no-untyped-call]
    return normalise(text)


def spoken(reference: Path) -> str:
    """Return the words of a reference text, without the speaker numbers (`0: `) before the turns."""
    return " ".join(re.sub(r"^\d+:\s*", "", line) for line in reference.read_text().splitlines())


def turns(rttm: Path) -> list[Turn]:
    """Read the speakers' turns from a file in the RTTM format of the NIST evaluations."""
    fields = [line.split() for line in rttm.read_text().splitlines()]
    return [Turn(float(f[3]), float(f[3]) + float(f[4]), f[7]) for f in fields if f and f[0] == "SPEAKER"]


def diarization_error(reference: Iterable[Turn], recognised: Iterable[Turn], *, collar: float = 0.25) -> float:
    """Return the share of speaking time that was missed, invented, or assigned to the wrong speaker.

    Times within `collar` seconds of the reference's edges are ignored. Speakers' names may differ: the best assignment
    of names counts. All assignments are tried, so this is for a few speakers only.
    """
    reference, recognised = list(reference), list(recognised)
    end = max(turn.end for turn in [*reference, *recognised])
    true, found = _frames(reference, end), _frames(recognised, end)
    edges = {round(edge / _FRAME_SECONDS) for turn in reference for edge in (turn.start, turn.end)}
    near = round(collar / _FRAME_SECONDS)
    ignored = {frame for edge in edges for frame in range(edge - near, edge + near)}
    scored = [(a, b) for n, (a, b) in enumerate(zip(true, found, strict=True)) if n not in ignored]
    most = sum(max(len(a), len(b)) for a, b in scored)
    return (most - _agreed(scored)) / max(sum(len(a) for a, _ in scored), 1)


def _frames(turns: Iterable[Turn], end: float) -> list[frozenset[str]]:
    """Return the speakers in each hundredth of a second."""
    frames: list[set[str]] = [set() for _ in range(round(end / _FRAME_SECONDS) + 1)]
    for turn in turns:
        for n in range(round(turn.start / _FRAME_SECONDS), round(turn.end / _FRAME_SECONDS)):
            frames[n].add(turn.speaker)
    return [frozenset(frame) for frame in frames]


def _agreed(scored: list[tuple[frozenset[str], frozenset[str]]]) -> int:
    """Return the number of frames in which the speakers agree, under the best assignment of names."""
    true = sorted({name for names, _ in scored for name in names})
    found = sorted({name for _, names in scored for name in names})
    shared = {(a, b): sum(a in names and b in others for names, others in scored) for a in true for b in found}
    fewer = min(len(true), len(found))
    assignments = (
        zip(some, others, strict=True) for some in permutations(true, fewer) for others in combinations(found, fewer)
    )
    return max((sum(shared[pair] for pair in assignment) for assignment in assignments), default=0)
