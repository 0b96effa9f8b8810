"""Measure review points: `make bench-review`.

Precision and recall by kind, on sentences that were written first. A point counts as found if one of its kind overlaps
it, and as right if it overlaps one of its kind.
"""

import json
import platform
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stethoscript import review_points
from stethoscript.editor_words import parted
from stethoscript.review_points import Kind
from stethoscript.word import Word

HERE = Path(__file__).parent
FOUR_HOURS = 60_000
_MARKED = re.compile(r"\[([^\]]+)\]\((\w+)\)(\S*)|(\S+)")

Place = tuple[Kind, int, int]


@dataclass(frozen=True)
class Sentence:
    """A sentence of the collection: its words, and the points that a person marked in it."""

    heading: str
    words: tuple[Word, ...]
    points: tuple[Place, ...]


def sentences(path: Path = HERE / "review_sentences.txt") -> Iterator[Sentence]:
    """The sentences of a collection, in its order."""
    heading = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif line.strip() and not line.startswith("#"):
            yield _sentence(heading, line)


def _sentence(heading: str, line: str) -> Sentence:
    pieces: list[str] = []
    points = []
    for marked, kind, after, plain in _MARKED.findall(line):
        if kind:
            points.append((Kind(kind), len(pieces), len(pieces) + len(marked.split())))
        pieces += (marked + after).split() if kind else [plain]
    words = (Word(text, None, None, 1.0, marks) for text, marks in map(parted, pieces))
    return Sentence(heading, tuple(words), tuple(points))


def measure(collection: Sequence[Sentence]) -> dict[str, Any]:
    """The counts of each kind, and the missed and superfluous points in words."""
    counts: Counter[tuple[str, Kind]] = Counter()
    missed, wrong = [], []
    for sentence in collection:
        found = [(point.kind, point.start, point.end) for point in review_points.find(sentence.words)]
        for place in sentence.points:
            hit = any(_overlap(place, other) for other in found)
            counts["marked", place[0]] += 1
            counts["hit", place[0]] += hit
            counts["anything", place[0]] += any(_overlap((place[0], *other[1:]), place) for other in found)
            missed += [] if hit else [_shown(sentence, place)]
        for place in found:
            right = any(_overlap(place, other) for other in sentence.points)
            counts["found", place[0]] += 1
            counts["right", place[0]] += right
            wrong += [] if right else [_shown(sentence, place)]
    kinds = [kind for kind in Kind if counts["marked", kind] or counts["found", kind]]
    return {
        "kinds": {kind: {name: counts[name, kind] for name in _COUNTS} for kind in kinds},
        "missed": missed,
        "wrong": wrong,
    }


_COUNTS = ("marked", "hit", "anything", "found", "right")


def _overlap(place: Place, other: Place) -> bool:
    return place[0] == other[0] and place[1] < other[2] and other[1] < place[2]


def _shown(sentence: Sentence, place: Place) -> str:
    kind, start, end = place
    texts = [word.text + word.punctuation for word in sentence.words]
    return " ".join([*texts[:start], f"[{' '.join(texts[start:end])}]({kind})", *texts[end:]])


def seconds(collection: Sequence[Sentence]) -> float:
    """The time for four hours of speech, with the lists loaded."""
    words = [word for sentence in collection for word in sentence.words]
    long = (words * (FOUR_HOURS // len(words) + 1))[:FOUR_HOURS]
    review_points.find(words)
    began = time.process_time()
    review_points.find(long)
    return time.process_time() - began


def main() -> None:
    """Measure, print and write benchmarks/results/review.json and .md."""
    collection = tuple(sentences())
    without = [sentence for sentence in collection if not sentence.points]
    results = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "python": platform.python_version(),
        "sentences": len(collection),
        "sentences_without_points": len(without),
        "sentences_without_points_that_got_one": sum(bool(review_points.find(each.words)) for each in without),
        "seconds_of_four_hours": round(seconds(collection), 3),
        **measure(collection),
    }
    folder = HERE / "results"
    (folder / "review.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    report = "\n".join(_report(results)) + "\n"
    (folder / "review.md").write_text(report, encoding="utf-8")
    sys.stdout.write(report)


def _report(results: dict[str, Any]) -> Iterator[str]:
    yield "# Review points on sentences that were written before the rules"
    yield ""
    yield (
        f"Measured on {results['date']}, Python {results['python']}: {results['sentences']} sentences, "
        f"{results['sentences_without_points']} of them look-alikes without a point, of which "
        f"{results['sentences_without_points_that_got_one']} got one. Four hours of speech ({FOUR_HOURS:,} words) "
        f"take one processor {results['seconds_of_four_hours']} s. A point is found where one of its kind overlaps it."
    )
    yield ""
    yield (
        "One person wrote the sentences and, after them, the rules; nobody else has marked them. The rules met the "
        "sentences first with a recall of 98.8 % and a precision of 97.4 %, and were corrected since where a whole "
        "kind of words was missed. Expect less on speech that nobody here has seen."
    )
    yield ""
    yield "| kind | marked | recall | found as any kind | found | precision |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    total: Counter[str] = Counter()
    for kind, counts in results["kinds"].items():
        total.update(counts)
        yield _row(kind, counts)
    yield _row("all", total)
    for heading, lines in (("Missed", results["missed"]), ("Too much", results["wrong"])):
        yield ""
        yield f"## {heading}"
        yield ""
        yield from (f"- {line}" for line in lines or ["nothing"])


def _row(name: str, counts: Any) -> str:
    marked, found = counts["marked"], counts["found"]
    return (
        f"| {name} | {marked} | {_share(counts['hit'], marked)} | {_share(counts['anything'], marked)} | {found} | "
        f"{_share(counts['right'], found)} |"
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


if __name__ == "__main__":
    main()
