"""Messages of the completion queue. `given` is Transcribe's answer for the job, and the messages about it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.corpus.item import DEAD_LETTER, IGNORED, OK, RETRY, Item, failed


@dataclass(frozen=True)
class Signals:
    """The job in Transcribe, and the messages about it. `body` makes a message from the job's name."""

    body: Callable[[str], str]
    job: Mapping[str, Any] = field(default_factory=lambda: {"TranscriptionJobStatus": "COMPLETED"})
    times: int = 1


def event(name: str, status: str = "COMPLETED", key: str = "TranscriptionJobName", **detail: Any) -> str:
    """An `aws.transcribe` event."""
    return json.dumps({
        "source": "aws.transcribe", "detail-type": "Transcribe Job State Change",
        "detail": {key: name, "TranscriptionJobStatus": status, **detail},
    })  # fmt: skip


def written(key: str) -> str:
    """S3's event about an object of the work bucket, from EventBridge."""
    return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": {"object": {"key": key}}})


ELSEWHERE = {"TranscriptFileUri": "https://s3.us-east-1.amazonaws.com/somebody-elses/raw.json"}

ITEMS = (
    Item("C1", "a job nobody knows", Signals(lambda _: event("clinic-" + 40 * "0")), IGNORED),
    Item("C2", "another deployment's job", Signals(lambda job: event("x" + job)), IGNORED),
    Item("C3", "COMPLETED, but Transcribe says IN_PROGRESS",
         Signals(event, {"TranscriptionJobStatus": "IN_PROGRESS"}), RETRY, "only Transcribe's own answer is believed"),
    Item("C4a", "a status in lower case", Signals(lambda job: event(job, "completed")), OK),
    Item("C4b", "a status nobody knows", Signals(lambda job: event(job, "PAUSED")), OK),
    Item("C4c", "QUEUED, by Transcribe's own answer", Signals(event, {"TranscriptionJobStatus": "QUEUED"}), RETRY),
    Item("C4d", "a status nobody knows, by Transcribe's own answer",
         Signals(event, {"TranscriptionJobStatus": "PAUSED"}), RETRY, "it has not ended as far as we can tell"),
    Item("C5", "FAILED, but Transcribe says COMPLETED", Signals(lambda job: event(job, "FAILED")), OK),
    Item("C6", "a job somebody made by hand under our name", Signals(lambda _: event("clinic-by-hand")), IGNORED),
    Item("C7", "a transcript in somebody else's bucket",
         Signals(event, {"TranscriptionJobStatus": "COMPLETED", "Transcript": ELSEWHERE}), OK,
         "it is read from where we told Transcribe to write; the answer's address is not looked at"),
    Item("C8", "a hundred times the same", Signals(event, times=100), OK),
    Item("C9", "another attempt than the row's", Signals(lambda job: event(f"{job}-2")), IGNORED),
    Item("C10", "Transcribe's write probe", Signals(lambda _: written("raw/.write_access_check_file.temp")), IGNORED),
    Item("C11", "an object with no key", Signals(lambda _: '{"source": "aws.s3", "detail": {"object": []}}'), IGNORED),
    Item("C12", "a key that is a number", Signals(lambda _: '{"source": "aws.s3", "detail": {"object": {"key": 7}}}'),
         IGNORED),
    Item("C13", "the transcript itself", Signals(lambda job: written(f"raw/{job}.json")), OK),
    Item("C14", "a name as medical jobs might have it",
         Signals(lambda job: event(job, key="MedicalTranscriptionJobName")), OK),
    Item("C15", "no JSON", Signals(lambda job: job), DEAD_LETTER),
    Item("C16", "a list", Signals(lambda job: json.dumps([job])), DEAD_LETTER),
    Item("C17", "a reason of Transcribe's that nobody knows",
         Signals(event, {"TranscriptionJobStatus": "FAILED", "FailureReason": "<b>Flux</b>"}),
         failed("TranscriptionFailed"), "its own words stay in the ledger"),
    Item("C18", "FAILED without a reason", Signals(event, {"TranscriptionJobStatus": "FAILED"}),
         failed("TranscriptionFailed")),
)  # fmt: skip
