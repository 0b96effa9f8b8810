"""The design of the public samples, in the same simulation: S3's event calls a function, completion by event only.

It models the common parts of the published samples of Transcribe pipelines. The upload's event invokes a function
asynchronously. The function starts a job named after the file and a random number. It answers every exception with a
status code, which Lambda treats as success. A rule on Transcribe's own event invokes a second function, which sends a
notification. Where the samples differ, or AWS documents nothing, the design gets the better case: keys that make valid
job names, a Transcribe event for medical jobs, and Lambda's full default concurrency.
"""

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.simulation.fakes.s3 import Version
from tests.simulation.fakes.transcribe import Job
from tests.simulation.lambda_runtime import Function, FunctionCrash, Invocation, run
from tests.simulation.simulated_deployment import TOPIC, WORK, World

AT_ONCE = 1000
"""Lambda's default concurrency of an account."""
SDK_ATTEMPTS = 5
"""boto3's own default."""
SECONDS = 60
AGAIN_AFTER = (60.0, 120.0)
"""Lambda repeats an asynchronous invocation twice after an error or a crash."""


@dataclass(eq=False)
class PublicSamples:
    """Two functions and two events, in place of everything between the buckets and the topic."""

    world: World
    _waiting: deque[tuple[Function, dict[str, Any], int]] = field(default_factory=deque)
    _running: int = 0

    def __post_init__(self) -> None:
        self._start = Function("start", self.start, SECONDS)
        self._notify = Function("tell", self.notify, SECONDS)
        self.world.schedule.on = False
        self.world.s3.buckets["intake"].created = self._uploaded
        self.world.s3.buckets[WORK].created = lambda _key, _version: None
        self.world.transcribe.ended = self._ended

    def start(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """The first function."""
        try:
            key = event["key"]
            name = f"{key.rpartition('/')[2].split('.')[0]}-{int(context.random() * 1e9)}"
            self.world.client("transcribe", attempts=SDK_ATTEMPTS).start_medical_transcription_job(
                MedicalTranscriptionJobName=name,
                LanguageCode="en-US",
                Media={"MediaFileUri": f"s3://{event['bucket']}/{key}"},
                OutputBucketName=WORK,
                OutputKey=f"{name}.json",
                OutputEncryptionKMSKeyId="arn:aws:kms:us-east-1:123456789012:key/1",
                KMSEncryptionContext={"sample": "yes"},
                Specialty="PRIMARYCARE",
                Type="DICTATION",
            )
        except Exception:  # noqa: BLE001 - as the samples do
            return {"statusCode": 500}
        return {"statusCode": 200}

    def notify(self, event: dict[str, Any], _context: Any) -> None:
        """The second function."""
        notification = f'{{"default": "{{\\"id\\": \\"{event["job"]}\\", \\"status\\": \\"{event["status"]}\\"}}"}}'
        self.world.client("sns").publish(
            TopicArn=TOPIC, Message=notification, Subject="Transcription", MessageStructure="json", MessageAttributes={}
        )

    def _uploaded(self, key: str, _version: Version) -> None:
        faults = self.world.faults
        if faults.occurs(faults.notification_lost):
            return
        event = {"bucket": "intake", "key": key}
        for _ in range(1 + faults.occurs(faults.notification_doubled)):
            self.world.time.after(0.3 + 1.5 * self.world.random(), partial(self._invoke, self._start, event))

    def _ended(self, job: Job) -> None:
        faults = self.world.faults
        if faults.occurs(faults.event_lost):
            return
        event = {"job": job.name, "status": job.status}
        for _ in range(1 + faults.occurs(faults.event_doubled)):
            self.world.time.after(0.2 + self.world.random(), partial(self._invoke, self._notify, event))

    def _invoke(self, function: Function, event: dict[str, Any], attempt: int = 0) -> None:
        self._waiting.append((function, event, attempt))
        self._work()

    def _work(self) -> None:
        while self._waiting and self._running < AT_ONCE:
            work = self._waiting.popleft()
            self._running += 1
            self.world.time.start(lambda work=work: self._run(*work))

    def _run(self, function: Function, event: dict[str, Any], attempt: int) -> None:
        try:
            run(self.world, Invocation(self.world, function, []), event)
        except (FunctionCrash, Exception):  # noqa: BLE001 - whatever it was, Lambda tries again
            if attempt < len(AGAIN_AFTER):
                self.world.time.after(AGAIN_AFTER[attempt], lambda: self._invoke(function, event, attempt + 1))
        finally:
            self._running -= 1
            self.world.time.after(0, self._work)
