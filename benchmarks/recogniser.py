"""Quality and speed of the recogniser, beside two other recognisers with default settings: `make bench-recogniser`.

Input: the project's recordings, and those of `--recordings FOLDER` with a manifest.json. Measures: word error rate,
offset of word starts, diarization error, real-time factor (wall and processor), peak memory. Writes
benchmarks/results/recogniser.json and the table recogniser.md. Linux only, because it reads /proc.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks import machine, process_usage, recogniser_report
from local import accuracy
from local.accuracy import Turn

ROOT = Path(__file__).parents[1]
OWN = ROOT / "local" / "recordings"
RESULTS = ROOT / "benchmarks" / "results"
RATE = 16_000
# Terms of the project's recordings, among many others: no recogniser knows which are spoken.
TERMS = (ROOT / "benchmarks" / "terms.txt").read_text(encoding="utf-8").split()


@dataclass(frozen=True)
class Clip:
    """A recording and its reference: the words, or those of each channel; the turns; whether these are exact."""

    path: Path
    seconds: float
    text: str | None
    channels: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()
    exact: bool = False


@dataclass(frozen=True)
class RecognitionResult:
    """One recogniser's result for a recording: pieces of text by channel, their times, and their speakers."""

    pieces: tuple[Mapping[str, Any], ...]
    turns: tuple[Turn, ...] = ()
    segments: tuple[Any, ...] = ()

    def text(self, channel: int | None = None) -> str:
        """The words of one channel or of all."""
        return " ".join(piece["text"] for piece in self.pieces if channel in (None, piece.get("channel")))


@dataclass(frozen=True)
class Mode:
    """One row of the table: the recogniser, its options, and its suitable recordings."""

    who: str
    mode: str
    how: Mapping[str, Any] = field(default_factory=dict)
    by_channel: bool = False
    turns_only: bool = False


OURS = "ours"
MODES = (
    Mode(OURS, "plain"),
    Mode(OURS, "vocabulary", {"vocabulary": [{"phrase": term} for term in TERMS]}),
    Mode(OURS, "speakers, at most 2", {"max_speakers": 2}),
    Mode(OURS, "speakers, at most 10", {"max_speakers": 10}),
    Mode(OURS, "channels", {"channels": True}, by_channel=True),
    Mode(OURS, "alternatives", {"alternatives": 5}),
    Mode("moonshine", "plain"),
    Mode("moonshine-speakers", "speakers", turns_only=True),
    Mode("pocketsphinx", "plain"),
)


def main() -> None:
    """Measure every mode, and write the results and their table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=Path, help="a folder with more recordings and a manifest.json")
    parser.add_argument("--repeat", type=int, default=3, help="times for each of our modes; the median counts")
    asked = parser.parse_args()
    clips = [*read(OWN), *(read(asked.recordings) if asked.recordings else ())]
    python = machine.environment("bench", ROOT / "benchmarks" / "requirements.txt")
    rows = []
    for mode in MODES:
        row = measured(mode, clips, python, asked.repeat if mode.who == OURS else 1)
        sys.stdout.write(f"{mode.who:20} {mode.mode:22} {json.dumps(row['scores'])}\n")
        sys.stdout.flush()
        rows.append(row)
    results = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine.described(),
        "clips": [{"path": clip.path.name, "seconds": round(clip.seconds, 2)} for clip in clips],
        "rows": rows,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "recogniser.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "recogniser.md").write_text(recogniser_report.table(results), encoding="utf-8")


# Recordings


def read(folder: Path) -> list[Clip]:
    """Read a folder's manifest: `reference` is a text or a file of it, `turns` or `rttm` names an RTTM file."""
    return [_clip(folder, entry) for entry in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))]


def _clip(folder: Path, entry: Mapping[str, Any]) -> Clip:
    path, named = folder / entry["path"], entry.get("reference") or ""
    with av.open(str(path)) as file:
        seconds, channels = file.duration / av.time_base, file.streams.audio[0].codec_context.channels
    written = folder / named if re.fullmatch(r"[\w.-]+\.txt", named) else None
    rttm = folder / Path(entry.get("turns") or entry.get("rttm") or "none").name
    by_channel: tuple[str, ...] = ()
    text = accuracy.spoken(written) if written else named
    lines = written.read_text(encoding="utf-8").splitlines() if written else named.split(" | ")
    if channels > 1 and re.match(r"[0L]:", lines[0]):
        by_channel = tuple(_said(lines, voices) for voices in ("0L", "1R"))
        text = text if written else None  # both at once, in an order of its own
    turns = tuple(accuracy.turns(rttm)) if rttm.is_file() else ()
    return Clip(path, seconds, text or None, by_channel, turns, exact=bool(entry.get("turns")))


def _said(lines: Sequence[str], voice: str) -> str:
    return " ".join(line.partition(":")[2].strip() for line in lines if line[:1] in voice)


# Measuring


def measured(mode: Mode, clips: Sequence[Clip], python: Path, repeat: int) -> dict[str, Any]:
    """One row: its scores, those of each recording, and its usage."""
    suited = [clip for clip in clips if _suits(mode, clip)]
    with tempfile.TemporaryDirectory() as folder:
        waves = [clip.path if mode.who == OURS else _wav(clip.path, Path(folder)) for clip in suited]
        runs = [_run(mode, waves, python) for _ in range(repeat)]
    recognised = runs[0][0]
    seconds = sum(clip.seconds for clip in suited)
    usages = [usage for _, usage, _ in runs]
    return {
        "who": mode.who,
        "mode": mode.mode,
        "scores": {
            **_scores(mode, suited, recognised),
            "rtf_wall": round(statistics.median(usage.wall for usage in usages) / seconds, 4),
            "rtf_cpu": round(statistics.median(usage.cpu for usage in usages) / seconds, 4),
            "peak_megabytes": round(max(usage.peak_megabytes for usage in usages)),
            "reference_seconds": round(statistics.median(load for _, _, load in runs), 2),
        },
        "seconds": round(seconds, 1),
        "recordings": {
            clip.path.name: _scores(mode, [clip], [one]) for clip, one in zip(suited, recognised, strict=True)
        },
    }  # fmt: skip


def _suits(mode: Mode, clip: Clip) -> bool:
    if mode.by_channel:
        return bool(clip.channels)
    return bool(clip.turns) if mode.turns_only else bool(clip.text or clip.turns)


def _run(mode: Mode, paths: Sequence[Path], python: Path) -> tuple[list[RecognitionResult], process_usage.Usage, float]:
    load = process_usage.reference_seconds()
    with _started(mode, python) as process, process_usage.watched(process.pid) as usage:
        recognised = [(_ours if mode.who == OURS else _others)(process, path, mode) for path in paths]
    return recognised, usage, load


@contextmanager
def _started(mode: Mode, python: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a recogniser, and wait until it has loaded its models."""
    ours = [sys.executable, "-m", "local.recogniser"]
    others = [str(python), str(ROOT / "benchmarks" / "other_recognisers.py"), mode.who]
    with subprocess.Popen(
        ours if mode.who == OURS else others,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    ) as process:
        if not _answer(process).get("ready"):
            sys.exit(f"{mode.who} does not start.")
        yield process
        process.communicate()


def _answer(process: subprocess.Popen[str]) -> Any:
    line = process.stdout.readline() if process.stdout else ""
    return json.loads(line) if line else sys.exit("A recogniser ended in the middle of its work.")


def _say(process: subprocess.Popen[str], line: str) -> None:
    if process.stdin:
        process.stdin.write(line + "\n")
        process.stdin.flush()


def _ours(process: subprocess.Popen[str], path: Path, mode: Mode) -> RecognitionResult:
    _say(process, json.dumps({"id": path.name, "audio": str(path)} | dict(mode.how)))
    answer = _answer(process)
    while "progress" in answer:
        answer = _answer(process)
    words = answer["result"]["words"]
    segments = answer["result"].get("segments") or ()
    pieces = tuple({**word, "text": word["text"] + word["punctuation"]} for word in words)
    turns = [Turn(word["start"], word["end"], str(word["speaker"])) for word in words if word["speaker"] is not None]
    return RecognitionResult(pieces, tuple(_joined(turns)), tuple(segments))


def _others(process: subprocess.Popen[str], path: Path, _mode: Mode) -> RecognitionResult:
    _say(process, str(path))
    pieces = _answer(process)
    turns = [Turn(start, end, str(speaker)) for piece in pieces for start, end, speaker in piece["spans"]]
    return RecognitionResult(tuple(pieces), tuple(_joined(turns)))


def _joined(turns: Sequence[Turn], pause: float = 1.0) -> list[Turn]:
    """Join the words of one speaker without a pause."""
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].speaker == turn.speaker and turn.start - joined[-1].end < pause:
            joined[-1] = joined[-1]._replace(end=turn.end)
        else:
            joined.append(turn)
    return joined


# Scores


def _scores(mode: Mode, clips: Sequence[Clip], recognised: Sequence[RecognitionResult]) -> dict[str, Any]:
    pairs = list(zip(clips, recognised, strict=True))
    scores: dict[str, Any] = {}
    texts = [text for clip, one in pairs for text in _texts(mode, clip, one)]
    if texts:
        sizes = [len(accuracy.plain(said).split()) for said, _ in texts]
        wrong = [accuracy.word_error_rate(*text) * size for text, size in zip(texts, sizes, strict=True)]
        scores["word_error_rate"] = round(sum(wrong) / sum(sizes), 4)
    attributed = [(clip.turns, one.turns) for clip, one in pairs if clip.turns and one.turns]
    if attributed and not mode.by_channel:
        lengths = [sum(turn.end - turn.start for turn in turns) for turns, _ in attributed]
        errors = [accuracy.diarization_error(*pair) * length for pair, length in zip(attributed, lengths, strict=True)]
        scores["diarization_error"] = round(sum(errors) / sum(lengths), 4)
    starts = [
        min(abs(turn.start - piece["start"]) for piece in one.pieces)
        for clip, one in pairs
        for turn in clip.turns
        if clip.exact and one.pieces
    ]
    segments = [segment for one in recognised for segment in one.segments]
    if segments:
        several = sum(len(segment["alternatives"]) > 1 for segment in segments)
        scores["segments_with_alternatives"] = round(several / len(segments), 4)
    if starts:
        scores["word_start_error"] = {"mean": round(statistics.mean(starts), 3), "worst": round(max(starts), 3)}
    return scores


def _texts(mode: Mode, clip: Clip, recognised: RecognitionResult) -> Iterator[tuple[str, str]]:
    """Yield the reference and the result, for each channel if they are separate."""
    if mode.by_channel:
        yield from ((said, recognised.text(channel)) for channel, said in enumerate(clip.channels))
    elif clip.text:
        yield clip.text, recognised.text()


# The others


def _wav(path: Path, folder: Path) -> Path:
    """Write a recording for the other recognisers: WAV, 16 kHz, 16 bits, one channel."""
    with av.open(str(path)) as file:
        resampler = av.AudioResampler("s16", "mono", RATE)
        frames = [out for frame in [*file.decode(audio=0), None] for out in resampler.resample(frame)]
    written = folder / f"{path.stem}.wav"
    with wave.open(str(written), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes(np.concatenate([frame.to_ndarray()[0] for frame in frames]).tobytes())
    return written


if __name__ == "__main__":
    main()
