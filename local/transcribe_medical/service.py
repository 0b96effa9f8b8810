"""Transcribe Medical: the table of its twelve operations."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local.transcribe_medical import request_validation, tag_operations
from local.transcribe_medical.cloud_port import Caller, CloudPort
from local.transcribe_medical.fault_injection import FaultInjection
from local.transcribe_medical.job_operations import JobOperations, RecogniserPort
from local.transcribe_medical.job_store import JobStore
from local.transcribe_medical.request_validation import Request
from local.transcribe_medical.tag_operations import TagOperations
from local.transcribe_medical.vocabulary_operations import Schedule, VocabularyOperations, on_event_loop

Operation = Callable[[Caller, Request], dict[str, Any]]


class Service:
    """Transcribe Medical for every account and Region of one cloud."""

    def __init__(
        self,
        cloud: CloudPort,
        recogniser: RecogniserPort,
        *,
        temporary: Path,
        store: JobStore | None = None,
        faults: FaultInjection | None = None,
        events_per_job: int = 0,
        clock: Callable[[], float] = time.time,
        schedule: Schedule = on_event_loop,
    ) -> None:
        """`events_per_job` is the number of events of a finished job; `schedule(seconds, call)` calls later."""
        self.store = store or JobStore()
        self.faults = faults or FaultInjection()
        self.vocabularies = VocabularyOperations(self.store, cloud, temporary=temporary, clock=clock, schedule=schedule)
        self.jobs = JobOperations(
            self.store,
            cloud,
            recogniser,
            self.vocabularies,
            temporary=temporary,
            faults=self.faults,
            events_per_job=events_per_job,
            clock=clock,
        )
        tags = TagOperations(self.store)
        self.operations: Mapping[str, Operation] = {
            "StartMedicalTranscriptionJob": self.jobs.start,
            "GetMedicalTranscriptionJob": self.jobs.get,
            "ListMedicalTranscriptionJobs": self.jobs.list_jobs,
            "DeleteMedicalTranscriptionJob": self.jobs.delete,
            "CreateMedicalVocabulary": self.vocabularies.create,
            "GetMedicalVocabulary": self.vocabularies.get,
            "ListMedicalVocabularies": self.vocabularies.list_vocabularies,
            "UpdateMedicalVocabulary": self.vocabularies.update,
            "DeleteMedicalVocabulary": self.vocabularies.delete,
            "TagResource": tags.tag,
            "UntagResource": tags.untag,
            "ListTagsForResource": tags.list_tags,
        }

    def takes(self, operation: str, request: Request) -> bool:
        """Return whether a request is for medical jobs or vocabularies, not for the rest of Transcribe."""
        if operation in tag_operations.OPERATIONS:
            return tag_operations.is_ours(request)
        return operation in self.operations

    def answer(self, operation: str, caller: Caller, request: Request) -> dict[str, Any]:
        """Answer one request, or raise Refused."""
        self.faults.before_operation(operation, caller)
        request_validation.check(operation, request)
        answer = self.operations[operation](caller, request)
        self.faults.after_operation(operation)
        return answer

    def resume(self) -> None:
        """Continue the unfinished jobs and vocabularies of an earlier run."""
        self.vocabularies.resume()
        self.jobs.resume()

    def pause(self) -> None:
        """Stop all jobs; a later run continues them."""
        self.jobs.pause()

    def reset(self) -> None:
        """Stop all jobs and delete the state."""
        self.pause()
        self.store.clear()
