"""The CloudFormation resource `AWS::Transcribe::MedicalVocabulary`, which MiniStack lacks, on our own service."""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined"

from collections.abc import Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners

from local.transcribe_medical import request_validation, vocabularies
from local.transcribe_medical.cloud_port import Caller
from local.transcribe_medical.request_validation import Refused
from local.transcribe_medical.service import Service

TYPE = "AWS::Transcribe::MedicalVocabulary"
ROOT_KEY = "test"  # stacks are deployed with the rights of the account's root

USES: dict[tuple[Any, str], tuple[str, ...] | None] = {
    (provisioners, "_RESOURCE_HANDLERS"): None,
    (provisioners, "_REPLACING_PROPERTIES"): None,
}

Properties = Mapping[str, Any]
Created = tuple[str, dict[str, str]]


def install(service: Service) -> None:
    """Let stacks contain medical vocabularies."""
    resource = _MedicalVocabulary(service)
    provisioners._RESOURCE_HANDLERS[TYPE] = {
        "create": resource.create,
        "update": resource.update,
        "delete": resource.delete,
    }
    provisioners._REPLACING_PROPERTIES[TYPE] = ("VocabularyName", "LanguageCode")


class _MedicalVocabulary:
    """Create, update and delete a vocabulary for CloudFormation. An error's message is the stack's failure reason."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def create(self, _logical_id: str, properties: Properties, _stack: str) -> Created:
        """Create a vocabulary and wait until it is ready; delete it if it fails."""
        created = self._apply("CreateMedicalVocabulary", _request(properties))
        try:
            self._wait_until_ready(created[0])
        except ValueError:
            self.delete(created[0], properties)
            raise
        return created

    def update(self, name: str, old: Properties, new: Properties, _stack: str) -> Created:
        """Give a vocabulary another file and wait until it is ready. If it fails, the old table stays in use."""
        if old.get("VocabularyFileUri") == new.get("VocabularyFileUri"):
            return name, {"Arn": vocabularies.arn(get_region(), get_account_id(), name)}
        request = _request(new)
        request.pop("Tags", None)
        created = self._apply("UpdateMedicalVocabulary", request)
        self._wait_until_ready(name)
        return created

    def delete(self, name: str, _properties: Properties) -> None:
        """Delete a vocabulary; it may be deleted already."""
        try:
            self._service.vocabularies.delete(_caller(), {"VocabularyName": name})
        except Refused as refused:
            if refused.code != "NotFoundException":
                raise ValueError(refused.message) from refused

    def _apply(self, operation: str, request: dict[str, Any]) -> Created:
        try:
            request_validation.check(operation, request)
            self._service.operations[operation](_caller(), request)
        except Refused as refused:
            raise ValueError(f"{refused.message} (Service: Transcribe, {refused.code})") from refused
        name = request["VocabularyName"]
        return name, {"Arn": vocabularies.arn(get_region(), get_account_id(), name)}

    def _wait_until_ready(self, name: str) -> None:
        pending = self._service.store.vocabularies.find(_caller(), name)
        ended = pending and self._service.vocabularies.finish_check(pending)
        if ended and ended.state == vocabularies.FAILED:
            raise ValueError(ended.reason)


def _caller() -> Caller:
    return Caller(get_account_id(), get_region(), ROOT_KEY)


def _request(properties: Properties) -> dict[str, Any]:
    members = ("VocabularyName", "LanguageCode", "VocabularyFileUri", "Tags")
    return {member: properties[member] for member in members if properties.get(member) is not None}
