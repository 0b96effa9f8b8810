"""Transcripts to open: the demo's consultation with its own times, and four hours of another one."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import sample_transcript
from documents import html
from documents.recording_info import RecordingInfo
from stethoscript import transcript
from stethoscript.profiles import JobSettings
from stethoscript.transcript import Stretch, Transcript, Word

RECORDINGS = Path(__file__).parents[2] / "local" / "recordings"
RECORDING = RECORDINGS / "consultation.flac"
INFO = RecordingInfo(
    job="stethoscript-6a5fa10f1ffd26f1c5e686a6dbef2c0a6a9b4a00",
    source="conversation/2026-11/consultation.flac",
    received=1_795_398_480,
    job_settings=JobSettings(
        "CONVERSATION", max_speaker_labels=2, max_alternatives=3, content_identification_type="PHI"
    ),
    profile="conversation",
    correlation_id="visit-4711",
)
HEARD_WRONG = {"levothyroxine": "levo thyroxine", "albuterol": "a butter hall", "prednisone": "pretty zone"}
PROTECTED = {"Carter": "Personal", "Hall": "Personal", "daughter": "Personal", "911": "Account"}
DOUBTFUL = {"levothyroxine": 0.41, "albuterol": 0.53, "prednisone": 0.72, "mucus": 0.66}


def consultation() -> Transcript:
    """The demo's consultation. Each turn's words are within the times of the turn in `consultation.rttm`."""
    lines = (RECORDINGS / "consultation.rttm").read_text(encoding="utf-8").splitlines()
    times = [tuple(map(float, line.split()[3:5])) for line in lines]
    spoken = [
        turn
        for (speaker, said), (start, length) in zip(_sentences(), times, strict=True)
        for turn in [tuple(_spread(said, speaker, start, length))]
    ]
    return _transcript(spoken)


def four_hours() -> Transcript:
    """As many words as fit, of two speakers, with alternatives and identifiers."""
    return transcript.read(sample_transcript.output(sample_transcript.WORDS_IN_FOUR_HOURS))


def page(folder: Path, model: Transcript, info: RecordingInfo = INFO) -> Path:
    """The page as a file."""
    path = folder / "transcript.html"
    path.write_bytes(html.write(model, info))
    return path


def _sentences() -> list[tuple[str, list[str]]]:
    lines = (RECORDINGS / "consultation.txt").read_text(encoding="utf-8").splitlines()
    return [(f"spk_{speaker}", said.split()) for speaker, _, said in (line.partition(": ") for line in lines if line)]


def _spread(said: list[str], speaker: str, start: float, length: float) -> Iterator[Word]:
    """Words with a duration in proportion to their length, over the time of their turn."""
    letters = sum(len(token) + 1 for token in said)
    for token in said:
        text = token.rstrip(".,?")
        end = start + length * (len(token) + 1) / letters
        yield Word(
            text, round(start, 2), round(end - 0.02, 2), DOUBTFUL.get(text, 0.97), token[len(text) :], speaker,
            PROTECTED.get(text),
        )  # fmt: skip
        start = end


def _transcript(spoken: Sequence[Sequence[Word]]) -> Transcript:
    words = tuple(word for turn in spoken for word in turn)
    return Transcript(words, tuple(_stretch(turn) for turn in spoken), identified=True)


def _stretch(turn: Sequence[Word]) -> Stretch:
    spoken = " ".join(word.text for word in turn)
    other = spoken
    for right, wrong in HEARD_WRONG.items():
        other = other.replace(right, wrong)
    readings = dict.fromkeys((spoken, other, spoken.replace("No fever", "Fever")))
    start, end = turn[0].start, turn[-1].end
    assert start is not None
    assert end is not None
    return Stretch(start, end, tuple(readings))
