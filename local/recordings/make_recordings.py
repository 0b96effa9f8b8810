"""Make the demo recordings from their texts: `python -m local.recordings.make_recordings`.

It needs the speech synthesiser Flite 2.2 with its voices `slt` and `rms` (Debian and Ubuntu: `apt install flite`),
numpy and av. The repository contains the recordings, so no other command needs Flite.
"""

import json
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]

HERE = Path(__file__).parent
SAMPLE_RATE = 16_000
LICENCE = "text and recording: this project's own; voices: CMU ARCTIC by way of flite, free for any use (README.md)"
# Background noise. The seed makes every run write the same files.
NOISE = np.random.default_rng(20)
NOISE_LEVEL = 0.0003
SILENT = 0.01
SMALLEST = {"compression_level": "12"}
PAUSE_SECONDS = (0.35, 0.75)
EDGE_SECONDS = 0.4


@dataclass(frozen=True)
class Voice:
    """A voice of Flite: its name, its duration factor (1.0 is unchanged) and its peak amplitude."""

    name: str
    pace: float
    loudness: float


DICTATING = Voice("slt", 1.0, 0.5)
DOCTOR = Voice("rms", 0.95, 0.5)
PATIENT = Voice("slt", 1.0, 0.4)


@dataclass(frozen=True)
class Turn:
    """The samples of one turn, its speaker, and its start in seconds."""

    speaker: int
    start: float
    sound: Sound


def main() -> None:
    """Write the three recordings, the times of the turns, and the manifest."""
    dictation = padded(speak((HERE / "dictation.txt").read_text(), DICTATING))
    turns = conversation((HERE / "consultation.txt").read_text().splitlines())
    channels = np.stack([track(turns, speaker) for speaker in (0, 1)])
    write("dictation.wav", noisy(dictation[None]))
    write("consultation.flac", noisy(channels.sum(axis=0)[None]))
    write("telehealth.flac", noisy(channels))
    (HERE / "consultation.rttm").write_text("".join(map(rttm, turns)))
    manifest = [
        entry("dictation.wav", "dictation", "dictation.txt", dictation.size),
        entry("consultation.flac", "conversation", "consultation.txt", channels.shape[1]),
        entry("telehealth.flac", "telehealth", "consultation.txt", channels.shape[1]),
    ]
    (HERE / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


def speak(text: str, voice: Voice) -> Sound:
    """Return Flite's samples for a text, without the silence around it."""
    with tempfile.TemporaryDirectory() as folder:
        spoken = Path(folder) / "spoken.wav"
        pace = f"duration_stretch={voice.pace}"
        subprocess.run(
            ["flite", "-voice", voice.name, "--setf", pace, "-t", text, "-o", str(spoken)],  # noqa: S607
            check=True,
        )
        with wave.open(str(spoken)) as file:
            sound = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32)
    sound *= voice.loudness / np.abs(sound).max()
    loud = np.flatnonzero(np.abs(sound) > SILENT * voice.loudness)
    return sound[loud[0] : loud[-1] + 1]


def conversation(lines: Sequence[str]) -> list[Turn]:
    """Return the turns of two speakers, with random pauses between them."""
    turns, now = [], EDGE_SECONDS
    for line in lines:
        speaker, _, text = line.partition(": ")
        sound = speak(text, (DOCTOR, PATIENT)[int(speaker)])
        turns.append(Turn(int(speaker), now, sound))
        now += sound.size / SAMPLE_RATE + NOISE.uniform(*PAUSE_SECONDS)
    return turns


def track(turns: Sequence[Turn], speaker: int) -> Sound:
    """Return one speaker's channel of a conversation, as long as the whole conversation."""
    last = turns[-1]
    side = np.zeros(round((last.start + EDGE_SECONDS) * SAMPLE_RATE) + last.sound.size, np.float32)
    for turn in turns:
        if turn.speaker == speaker:
            at = round(turn.start * SAMPLE_RATE)
            side[at : at + turn.sound.size] = turn.sound
    return side


def padded(sound: Sound) -> Sound:
    """Add 0.4 s of silence before and after."""
    return np.pad(sound, round(EDGE_SECONDS * SAMPLE_RATE))


def noisy(channels: Sound) -> NDArray[np.int16]:
    """Add background noise, and convert the samples to 16 bits."""
    noise = NOISE.normal(0, NOISE_LEVEL, channels.shape)
    return np.round((channels + noise) * 32767).astype(np.int16)


def write(name: str, channels: NDArray[np.int16]) -> None:
    """Write a WAV or FLAC file; `channels` has a row of samples for each channel."""
    codec: Literal["flac", "pcm_s16le"] = "flac" if name.endswith(".flac") else "pcm_s16le"
    layout: Literal["mono", "stereo"] = "mono" if len(channels) == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(channels.T.reshape(1, -1).copy(), format="s16", layout=layout)
    frame.sample_rate = SAMPLE_RATE
    with av.open(str(HERE / name), "w", options={"fflags": "+bitexact"}) as file:
        stream = file.add_stream(codec, rate=SAMPLE_RATE, layout=layout, options=SMALLEST)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)


def rttm(turn: Turn) -> str:
    """Return a turn as a line of RTTM."""
    length = turn.sound.size / SAMPLE_RATE
    return f"SPEAKER consultation 1 {turn.start:.3f} {length:.3f} <NA> <NA> {turn.speaker} <NA> <NA>\n"


def entry(path: str, profile: str, reference: str, samples: int) -> dict[str, object]:
    """Return a recording's entry in the manifest."""
    turns = {} if profile == "dictation" else {"turns": "consultation.rttm"}
    seconds = round(samples / SAMPLE_RATE, 2)
    return {"path": path, "profile": profile, "reference": reference, **turns, "seconds": seconds, "licence": LICENCE}


if __name__ == "__main__":
    main()
