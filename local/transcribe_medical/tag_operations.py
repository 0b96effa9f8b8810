"""Tags of medical jobs and vocabularies; those of Transcribe's other resources are none of ours."""

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
    """Tell whether a request is about a medical job or vocabulary."""
    arn = request.get("ResourceArn")
    return not isinstance(arn, str) or ":medical-" in arn or ":transcribe:" not in arn


class TagOperations:
    """TagResource, UntagResource and ListTagsForResource."""

    def __init__(self, memory: JobStore) -> None:
        self._memory = memory

    def tag(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Add tags, in place of those with the same keys."""
        thing = self._found(caller, request)
        tags = {**_tags(thing), **{tag["Key"]: tag["Value"] for tag in request["Tags"]}}
        if len(tags) > MOST_TAGS:
            raise bad_request(TOO_MANY_TAGS)
        self._keep(thing, tags)
        return {}

    def untag(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Remove tags; keys that are not there are none too many."""
        thing = self._found(caller, request)
        self._keep(thing, {name: value for name, value in _tags(thing).items() if name not in request["TagKeys"]})
        return {}

    def list_tags(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Return all tags; the model knows no empty list of them."""
        tags = [{"Key": name, "Value": value} for name, value in _tags(self._found(caller, request)).items()]
        return {"ResourceArn": request["ResourceArn"], **({"Tags": tags} if tags else {})}

    def _found(self, caller: Caller, request: Request) -> Job | Vocabulary:
        named = _OURS.fullmatch(request["ResourceArn"])
        if named is None or (named["account"], named["region"]) != (caller.account, caller.region):
            raise Refused("NotFoundException", ABSENT)
        memory = self._memory
        thing = (
            memory.vocabularies.find(caller, named["name"])
            if named["kind"] == "medical-vocabulary"
            else memory.jobs.find(caller, named["name"])
        )
        if thing is None:
            raise Refused("NotFoundException", ABSENT)
        return thing

    def _keep(self, thing: Job | Vocabulary, tags: Mapping[str, str]) -> None:
        if isinstance(thing, Vocabulary):
            self._memory.vocabularies.keep(replace(thing, tags=tags))
        else:
            listed = [{"Key": name, "Value": value} for name, value in tags.items()]
            self._memory.jobs.keep(replace(thing, request={**thing.request, "Tags": listed or None}))


def _tags(thing: Job | Vocabulary) -> Mapping[str, str]:
    if isinstance(thing, Vocabulary):
        return thing.tags or {}
    return {tag["Key"]: tag["Value"] for tag in thing.request.get("Tags") or []}
