"""A case: calls of the SDK, AWS's documented answer to the last of them, and the page that documents it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name

from tests.comparison.recording import operation

ANY = object()
"""Any value of a member that exists."""
ABSENT = object()
"""A member that does not exist."""

_REFERENCES = {
    "s3": "AmazonS3/latest/API",
    "sqs": "AWSSimpleQueueService/latest/APIReference",
    "sns": "sns/latest/api",
    "dynamodb": "amazondynamodb/latest/APIReference",
    "events": "eventbridge/latest/APIReference",
    "logs": "AmazonCloudWatchLogs/latest/APIReference",
    "cloudwatch": "AmazonCloudWatch/latest/APIReference",
    "cloudformation": "AWSCloudFormation/latest/APIReference",
    "iam": "IAM/latest/APIReference",
    "kms": "kms/latest/APIReference",
    "lambda": "lambda/latest/api",
    "scheduler": "scheduler/latest/APIReference",
    "ssm": "systems-manager/latest/APIReference",
    "sts": "STS/latest/APIReference",
    "transcribe": "transcribe/latest/APIReference",
}


@dataclass(frozen=True)
class Call:
    """A call. In it, `@bucket` is a new bucket of this case, and `@0.VersionId` is a value from the first answer."""

    operation: str
    parameters: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Case:
    """One behaviour of AWS. `local` and `moto` give the consequence for users if that side differs."""

    name: str
    calls: tuple[Call, ...]
    status: int = 200
    code: str | None = None
    members: Mapping[str, Any] = field(default_factory=dict, hash=False)
    source: str = ""
    local: str | None = None
    moto: str | None = None

    def __str__(self) -> str:
        return f"{self.calls[-1].operation}: {self.name}"

    @property
    def documented(self) -> str:
        """The page that documents it: the operation's page, unless another is named."""
        return self.source or page(self.calls[-1].operation)


def page(name: str) -> str:
    """The page of an operation in AWS's API reference."""
    service = name.partition(".")[0]
    return f"https://docs.aws.amazon.com/{_REFERENCES[service]}/API_{operation(name).name}.html"


def call(name: str, **parameters: Any) -> Call:
    """A call, such as `call("s3.head_object", Bucket="@bucket", Key="k")`."""
    return Call(name, parameters)


def case(name: str, *calls: Call, status: int = 200, code: str | None = None, **more: Any) -> Case:
    """A case with this answer to its last call."""
    assert xform_name(operation(calls[-1].operation).name)
    return Case(name, calls, status, code, **more)


def differences(case_: Case, answer: Mapping[str, Any]) -> list[str]:
    """The differences between an answer and AWS's."""
    found: list[str] = []
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    code = answer.get("Error", {}).get("Code")
    if status != case_.status:
        found.append(f"the status is {status}, not {case_.status}")
    if code != case_.code:
        found.append(f"the error is {code}, not {case_.code}")
    for path, wanted in case_.members.items():
        value = member(answer, path)
        if value is ABSENT if wanted is ANY else value != wanted:
            found.append(f"{path} is {_shown(value)}, not {_shown(wanted)}")
    return found


def _shown(value: Any) -> str:
    return {id(ANY): "there", id(ABSENT): "absent"}.get(id(value)) or repr(value)


def member(answer: Any, path: str) -> Any:
    """The value in an answer at a path such as `Contents.0.Key`; `#Contents` is the number of entries."""
    if path.startswith("#"):
        found = member(answer, path[1:])
        return 0 if found is ABSENT else len(found)
    for step in path.split("."):
        if isinstance(answer, list) and step.isdecimal() and int(step) < len(answer):
            answer = answer[int(step)]
        elif isinstance(answer, Mapping) and step in answer:
            answer = answer[step]
        else:
            return ABSENT
    return answer
