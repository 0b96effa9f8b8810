"""Transcribe Medical's twelve operations, behind one door."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local.transcribe_medical import request_validation, tag_operations
from local.transcribe_medical.cloud_port import Caller, CloudPort
from local.transcribe_medical.fault_injection import FaultInjection
from local.transcribe_medical.job_operations import JobOperations, Recognisers
from local.transcribe_medical.job_store import JobStore
from local.transcribe_medical.request_validation import Request
from local.transcribe_medical.tag_operations import TagOperations
from local.transcribe_medical.vocabulary_operations import Later, VocabularyOperations, on_the_loop

Operation = Callable[[Caller, Request], dict[str, Any]]


class Service:
    """Transcribe Medical for every account and Region of one cloud."""

    def __init__(
        self,
        surroundings: CloudPort,
        ears: Recognisers,
        *,
        temporary: Path,
        memory: JobStore | None = None,
        faults: FaultInjection | None = None,
        tellings: int = 0,
        clock: Callable[[], float] = time.time,
        later: Later = on_the_loop,
    ) -> None:
        """Tellings is how often a finished job is told to EventBridge; later calls a function after some seconds."""
        self.memory = memory or JobStore()
        self.faults = faults or FaultInjection()
        self.vocabularies = VocabularyOperations(
            self.memory, surroundings, temporary=temporary, clock=clock, later=later
        )
        self.jobs = JobOperations(
            self.memory,
            surroundings,
            ears,
            self.vocabularies,
            temporary=temporary,
            faults=self.faults,
            tellings=tellings,
            clock=clock,
        )
        tags = TagOperations(self.memory)
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
        """Tell whether a request is for this service and not for the rest of Transcribe."""
        if operation in tag_operations.OPERATIONS:
            return tag_operations.is_ours(request)
        return operation in self.operations

    def answer(self, operation: str, caller: Caller, request: Request) -> dict[str, Any]:
        """Answer one request, or raise Refused."""
        self.faults.strike(operation, caller)
        request_validation.check(operation, request)
        answer = self.operations[operation](caller, request)
        self.faults.lose(operation)
        return answer

    def resume(self) -> None:
        """Take up what an earlier run had begun."""
        self.vocabularies.resume()
        self.jobs.resume()

    def pause(self) -> None:
        """Stop working; what is begun stays so, for a later run to take up."""
        self.jobs.pause()

    def forget(self) -> None:
        """Forget everything, what is in progress too."""
        self.pause()
        self.memory.clear()
