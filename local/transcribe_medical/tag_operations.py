"""Tags of medical jobs and vocabularies, not of Transcribe's other resources."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from local.transcribe_medical.cloud_port import Caller
from local.transcribe_medical.job_store import JobStore
from local.transcribe_medical.jobs import Job
from local.transcribe_medical.request_validation import MOST_TAGS, TOO_MANY_TAGS, Refused, Request, bad_request
from local.transcribe_medical.vocabularies import Vocabulary

OPERATIONS = ("TagResource", "UntagResource", "ListTagsForResource")
ABSENT = "The requested resource couldn't be found. Check the resource ARN and try your request again."

_OURS = re.compile(
    r"arn:aws[a-z-]*:transcribe:(?P<region>[^:]*):(?P<account>\d{12}):"
    r"(?P<kind>medical-transcription-job|medical-vocabulary)/(?P<name>.+)"
)


def is_ours(request: Mapping[str, Any]) -> bool:
    """Return whether a request is about a medical job or vocabulary."""
    arn = request.get("ResourceArn")
    return not isinstance(arn, str) or ":medical-" in arn or ":transcribe:" not in arn


class TagOperations:
    """TagResource, UntagResource and ListTagsForResource."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def tag(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Add tags; replace those with the same keys."""
        record = self._found(caller, request)
        tags = {**_tags(record), **{tag["Key"]: tag["Value"] for tag in request["Tags"]}}
        if len(tags) > MOST_TAGS:
            raise bad_request(TOO_MANY_TAGS)
        self._put(record, tags)
        return {}

    def untag(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Remove tags; missing keys are ignored."""
        record = self._found(caller, request)
        self._put(record, {name: value for name, value in _tags(record).items() if name not in request["TagKeys"]})
        return {}

    def list_tags(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Return all tags; the answer leaves out an empty list, because the model does not allow one."""
        tags = [{"Key": name, "Value": value} for name, value in _tags(self._found(caller, request)).items()]
        return {"ResourceArn": request["ResourceArn"], **({"Tags": tags} if tags else {})}

    def _found(self, caller: Caller, request: Request) -> Job | Vocabulary:
        named = _OURS.fullmatch(request["ResourceArn"])
        if named is None or (named["account"], named["region"]) != (caller.account, caller.region):
            raise Refused("NotFoundException", ABSENT)
        store = self._store
        record = (
            store.vocabularies.find(caller, named["name"])
            if named["kind"] == "medical-vocabulary"
            else store.jobs.find(caller, named["name"])
        )
        if record is None:
            raise Refused("NotFoundException", ABSENT)
        return record

    def _put(self, record: Job | Vocabulary, tags: Mapping[str, str]) -> None:
        if isinstance(record, Vocabulary):
            self._store.vocabularies.put(replace(record, tags=tags))
        else:
            listed = [{"Key": name, "Value": value} for name, value in tags.items()]
            self._store.jobs.put(replace(record, request={**record.request, "Tags": listed or None}))


def _tags(record: Job | Vocabulary) -> Mapping[str, str]:
    if isinstance(record, Vocabulary):
        return record.tags or {}
    return {tag["Key"]: tag["Value"] for tag in record.request.get("Tags") or []}
