"""Memory of the largest transcripts that are accepted: `python -m benchmarks.largest_transcripts`.

Each is written in every format, in a separate process. No speech looks like them: they are the limits in
`stethoscript.transcript`. Linux only, because it reads /proc.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.machine import ROOT
from documents import FORMATS
from stethoscript import fields, transcript

TURNS = 600_000
FUNCTION_MEGABYTES = 1536 - 160
"""The function's memory without the rest of its content: the output as bytes, and the SDK."""


def items(number: int, **more: Any) -> list[dict[str, Any]]:
    """Words of two speakers who alternate with every word. Most are marked as uncertain."""
    return [
        {"type": "pronunciation", "start_time": f"{each / 50:.2f}", "end_time": f"{each / 50:.2f}",
         "speaker_label": f"spk_{each % 2}", "alternatives": [{"confidence": "0.7", "content": f"w{each}"}]} | more
        for each in range(number)
    ]  # fmt: skip


def _two_lists() -> dict[str, Any]:
    half = TURNS * 9 // 20
    return {"items": items(half), "channel_labels": {"channels": [{"channel_label": "ch_0", "items": items(half)}]}}


def _readings() -> dict[str, Any]:
    pair = [{"transcript": "one"}, {"transcript": "two"}]
    return {"items": items(1), "segments": [{"start_time": "1", "end_time": "2", "alternatives": pair}] * 560_000}


def _text(word: str, number: int) -> dict[str, Any]:
    return {"transcripts": [{"transcript": word * number}]}


LARGEST: Mapping[str, Callable[[], dict[str, Any]]] = {
    "600,000 turns": lambda: {"items": items(TURNS)},
    "600,000 turns and another text": lambda: {"items": items(TURNS)} | _text("a ", transcript.MOST_WORDS),
    "two lists of 270,000 words, a text": lambda: _two_lists() | _text("a ", transcript.MOST_WORDS),
    "250,000 words of text": lambda: _text("a ", transcript.MOST_WORDS),
    "560,000 stretches with readings": _readings,
    "one word of 10 million characters": lambda: _text("\U0001f600", fields.MOST_CHARACTERS),
}


def main() -> None:
    """Print the peak of each, and fail if one exceeds the function's memory."""
    peaks = list(_measured())
    sys.stdout.write(f"most: {max(peaks):.0f} MB of {FUNCTION_MEGABYTES}\n")
    sys.exit(max(peaks) > FUNCTION_MEGABYTES)


def _measured() -> Iterator[float]:
    for name, results in LARGEST.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "transcribe.json")
            path.write_text(json.dumps({"results": results()}, separators=(",", ":")))
            for what in ("model", *FORMATS, "all forms"):
                command = [sys.executable, "-m", "benchmarks.one_document", what, str(path)]
                ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
                found = json.loads(ended.stdout.splitlines()[-1])
                sys.stdout.write(f"{name:34} {what:11} {found['peak_megabytes']:6.0f} MB {found['cpu']:6.1f} s\n")
                sys.stdout.flush()
                yield found["peak_megabytes"]


if __name__ == "__main__":
    main()
