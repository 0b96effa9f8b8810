"""Other recognisers with default settings, in a separate environment: paths of 16 kHz WAVs in, words and times out.

One line of JSON for each path on stdin. Moonshine has no times of words, only of lines. Pocketsphinx has no speakers.
Imports nothing from this project, because it runs where the project is not installed.
"""

import json
import os
import re
import sys
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Found = Iterator[dict[str, Any]]


def moonshine(options: dict[str, str] | None = None) -> Callable[[Path], Found]:
    """Load Moonshine with the model in its wheel."""
    from moonshine_voice.moonshine_api import ModelArch  # noqa: PLC0415 - only where it is installed
    from moonshine_voice.transcriber import Transcriber  # noqa: PLC0415
    from moonshine_voice.utils import get_model_path, load_wav_file  # noqa: PLC0415

    def recognise(path: Path) -> Found:
        # Its speaker numbers continue in the next recording, unless each recording has its own transcriber.
        transcriber = Transcriber(str(get_model_path("tiny-en")), ModelArch.TINY, options=options)
        for line in transcriber.transcribe_without_streaming(*load_wav_file(path)).lines:
            spans = [(s.start_time, s.start_time + s.duration, s.speaker_index) for s in line.speaker_spans or ()]
            yield {"text": line.text, "start": line.start_time, "end": line.start_time + line.duration, "spans": spans}

    return recognise


def pocketsphinx() -> Callable[[Path], Found]:
    """Load pocketsphinx with the model in its wheel."""
    from pocketsphinx import Decoder  # noqa: PLC0415 - only where it is installed

    decoder = Decoder(samprate=16_000, loglevel="FATAL")

    def recognise(path: Path) -> Found:
        with wave.open(str(path)) as file:
            samples = file.readframes(file.getnframes())
        decoder.start_utt()
        decoder.process_raw(samples, full_utt=True)
        decoder.end_utt()
        for segment in decoder.seg():
            word = re.sub(r"\(\d+\)$", "", segment.word)
            if not word.startswith(("<", "[", "+")):
                yield {"text": word, "start": segment.start_frame / 100, "end": segment.end_frame / 100, "spans": []}

    return recognise


RECOGNISERS: dict[str, Callable[[], Callable[[Path], Found]]] = {
    "moonshine": moonshine,
    "moonshine-speakers": lambda: moonshine({"identify_speakers": "true"}),
    "pocketsphinx": pocketsphinx,
}


def main() -> None:
    """Answer paths until stdin ends. The libraries' output goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    recognise = RECOGNISERS[sys.argv[1]]()
    answers.write('{"ready": true}\n')
    answers.flush()
    for line in sys.stdin:
        answers.write(json.dumps(list(recognise(Path(line.strip())))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
