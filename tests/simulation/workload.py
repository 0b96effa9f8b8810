"""The users of a simulated deployment: they upload, overwrite and delete, and some files are no recordings."""

import random
import struct
from dataclasses import dataclass, field, replace
from typing import Any

from operations.cancellation import Cancelled
from stethoscript import jobs
from stethoscript.uploads import Upload
from tests.simulation.fakes.s3 import Version
from tests.simulation.fakes.transcribe import RecognitionResult
from tests.simulation.fault_injection import HOUR, MINUTE, InjectedFaults
from tests.simulation.operator import Operator
from tests.simulation.simulated_deployment import INTAKE, NAME, TRANSCRIPTS, World

IN_KEYS, IN_METADATA, IN_SPEECH = "JaneDoeCanary", "OMalleyCanary", "DiabetesCanary"
"""Words that no signal may contain: patients' names and spoken text."""
HERTZ = 16_000
_STOPPING = 0.3
"""The share of recordings that are deleted, cancelled or erased."""


def wav(seconds: int = 1) -> bytes:
    """Silence, as a WAV file."""
    return wav_header(2 * HERTZ * seconds) + bytes(2 * HERTZ * seconds)


def wav_header(size: int) -> bytes:
    """The header of a WAV file with this many bytes of sound: one channel of 16 bits."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, HERTZ, 2 * HERTZ, 2, 16, b"data", size
    )


WAV = wav()


@dataclass(eq=False)
class Recording:
    """One uploaded version, and its expected outcome."""

    number: int
    key: str
    body: bytes
    metadata: dict[str, str]
    recognition: RecognitionResult | None
    """None for a file that is no valid recording."""
    at: float
    version: str = ""
    deleted: bool = False
    """Whether its version is deleted."""
    deletions: list[list[float]] = field(default_factory=list)
    """The times from and until which it was deleted."""
    cancel_asked: bool = False
    cancelled: Cancelled | None = None
    """The operator's answer, if the command was not refused."""
    erase_asked: bool = False

    @property
    def stopped(self) -> bool:
        """Whether a user stopped it."""
        return bool(self.deletions or self.cancel_asked or self.erase_asked)

    def deleted_before(self, moment: float, margin: float) -> bool:
        """Whether it was deleted at this time, and had been for longer than the margin."""
        return any(start + margin < moment < end for start, end in self.deletions)

    @property
    def token(self) -> str:
        """A word that only this recording contains."""
        return f"w{self.number}w"

    @property
    def folder(self) -> bool:
        """Whether it is only a folder's placeholder."""
        return self.key.endswith("/") and not self.body


@dataclass(eq=False)
class Workload:
    """The users of one seed."""

    seed: int
    begins: float
    faults: InjectedFaults
    recordings: list[Recording] = field(default_factory=list)
    operator: Operator = field(init=False)

    def __post_init__(self) -> None:
        chance = self._chance = random.Random(f"clinic {self.seed}")
        keys = [f"dictation/{IN_KEYS} {number}+ü.wav" for number in range(chance.randint(1, 4))]
        keys.append(f"conversation/{IN_KEYS}.wav")
        spread = chance.choice((1, 5, 40)) * MINUTE
        for number in range(chance.randint(3, 9)):
            self.recordings.append(self._recording(number, chance.choice(keys), self.begins + chance.random() * spread))
        self._name_vocabularies()
        self.recordings.sort(key=lambda recording: recording.at)

    def recognise(self, body: bytes) -> RecognitionResult:
        """Transcribe's result for an object's content."""
        number = int(body.rpartition(b"|")[2])
        recognition = next(recording for recording in self.recordings if recording.number == number).recognition
        assert recognition is not None, "a job was started on what is no recording"
        return recognition

    def schedule_all(self, world: World) -> None:
        """Schedule all actions."""
        self.operator = Operator(world)
        for recording in self.recordings:
            world.time.at(recording.at, lambda recording=recording: self._upload(world, recording))
            if recording.folder or self._chance.random() > _STOPPING:
                continue
            for _ in range(self._chance.choice((1, 1, 2))):
                stop = self._chance.choice(
                    (self._delete, self._hide, self._hide_a_while, self._cancel, self._cancel_in_delivery, self._erase)
                )
                begins = recording.at + self._chance.choice(
                    (0.0, recording.recognition.seconds if recording.recognition else 0.0)
                )
                when = begins + self._chance.random() * self._chance.choice((5, 30, MINUTE, 10 * MINUTE))
                world.time.at(when + 0.01, lambda recording=recording, stop=stop: stop(world, recording))

    def _upload(self, world: World, recording: Recording) -> None:
        answer: dict[str, Any] = world.s3.put_object(
            Bucket=INTAKE, Key=recording.key, Body=recording.body, Metadata=recording.metadata
        )
        recording.version = answer["VersionId"]

    def _delete(self, world: World, recording: Recording) -> None:
        """Delete the version for good."""
        if not recording.deleted:
            recording.deleted = True
            recording.deletions.append([world.time.now, float("inf")])
            world.s3.delete_object(Bucket=INTAKE, Key=recording.key, VersionId=recording.version)

    def _hide(self, world: World, recording: Recording, until: float = float("inf")) -> None:
        """Put a delete marker above all versions of the key."""
        world.s3.delete_object(Bucket=INTAKE, Key=recording.key)
        for each in self.recordings:
            if each.key == recording.key and each.version:
                each.deletions.append([world.time.now, until])

    def _hide_a_while(self, world: World, recording: Recording) -> None:
        """Put a delete marker there, and remove it later."""
        until = world.time.now + self._chance.random() * 5 * MINUTE
        self._hide(world, recording, until)
        marker = world.s3.buckets[INTAKE].objects[recording.key][-1].id
        world.time.at(until, lambda: world.s3.delete_object(Bucket=INTAKE, Key=recording.key, VersionId=marker))

    def _cancel(self, _world: World, recording: Recording) -> None:
        recording.cancel_asked = True

        def answered(answer: Cancelled | None) -> None:
            recording.cancelled = answer

        self.operator.cancel(self._named(recording), answered)

    def _cancel_in_delivery(self, world: World, recording: Recording) -> None:
        """Cancel it when its first document is written."""
        bucket, name = world.s3.buckets[TRANSCRIPTS], jobs.recording(NAME, self._named(recording))
        before = bucket.created

        def created(key: str, version: Version) -> None:
            before(key, version)
            if name in key and not recording.cancel_asked:
                self._cancel(world, recording)

        bucket.created = created

    @staticmethod
    def _named(recording: Recording) -> Upload:
        return Upload(INTAKE, recording.key, recording.version)

    def _erase(self, _world: World, recording: Recording) -> None:
        recording.erase_asked = True
        self.operator.erase(self._named(recording))

    def _recording(self, number: int, key: str, at: float) -> Recording:
        metadata = {"patient": IN_METADATA, "correlation-id": f"visit-{number}"}
        body = WAV + f"|{number}".encode()
        match self._chance.choices(("good", "empty", "text", "elsewhere", "folder", "setting"), (12, 1, 1, 1, 1, 1))[0]:
            case "empty":
                return Recording(number, key, b"", metadata, None, at)
            case "text":
                return Recording(number, key, b"<html>" + IN_SPEECH.encode(), metadata, None, at)
            case "elsewhere":
                return Recording(number, f"elsewhere/{IN_KEYS}.wav", body, metadata, None, at)
            case "folder":
                return Recording(number, f"dictation/{IN_KEYS}/", b"", {}, None, at)
            case "setting":
                return Recording(number, key, body, metadata | {"type": IN_METADATA}, None, at)
        return Recording(number, key, body, metadata, self._recognition(number), at)

    def _name_vocabularies(self) -> None:
        """Let some recordings name a vocabulary that is not ready, for some minutes or forever.

        Its random numbers are separate, so that the rest of a seed stays the same.
        """
        chance = random.Random(f"vocabularies {self.seed}")
        for each in self.recordings:
            if each.recognition and chance.random() < 0.1:
                each.metadata = each.metadata | {"vocabulary-name": "mine"}
                ready = chance.choice((each.at + 20 * MINUTE, float("inf")))
                each.recognition = replace(each.recognition, vocabulary_ready=ready)

    def _recognition(self, number: int) -> RecognitionResult:
        faults, chance = self.faults, self._chance
        seconds = chance.uniform(5, 240)
        if chance.random() < faults.job_crawls:
            seconds *= chance.choice((10, 100))
        ending = "COMPLETED"
        for name, likely in (
            ("FAILED", faults.job_fails), ("VANISHES", faults.job_vanishes), ("STUCK", faults.job_stuck),
            ("GARBLED", faults.output_garbled),
        ):  # fmt: skip
            if chance.random() < likely:
                ending = name
        if ending == "STUCK":
            seconds, ending = 30 * HOUR, chance.choice(("COMPLETED", "FAILED", "VANISHES"))
        return RecognitionResult(seconds, f"w{number}w says {IN_SPEECH}", ending)
