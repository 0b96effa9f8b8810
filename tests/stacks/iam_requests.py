"""The IAM requests of a function's call."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.functions.fakes import ACCOUNT
from tests.recorded_calls import FUNCTIONS, Call
from tests.simulation import run_seed
from tests.stacks.policy_evaluator import Request
from tests.stacks.resolved_templates import Deployment

_SIMULATED = dict(zip(("start", "deliver", "reconcile"), FUNCTIONS, strict=True))
"""The functions by their names in the simulation."""


def simulated(seeds: range) -> Iterator[Call]:
    """Every call of the functions in these simulated deployments with faults."""
    for seed in seeds:
        for _, caller, what, arguments, _ in run_seed.run(seed).trace:
            function = _SIMULATED.get(caller.partition("#")[0])  # an operator has separate permissions
            if "." in what and function:
                yield Call(function, what, arguments)


class Places:
    """The deployed resources for the tests' names. Any other name stands for itself."""

    def __init__(self, deployment: Deployment) -> None:
        variables = [each["Environment"]["Variables"] for each in deployment.all("AWS::Lambda::Function")]
        [key] = {each["KEY_ARN"] for each in variables if "KEY_ARN" in each}
        self._arns = {
            "ledger": str(deployment.one("AWS::DynamoDB::Table").arn),
            f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1": key,
            f"arn:aws:sns:us-east-1:{ACCOUNT}:completion": str(deployment.topic("completion").arn),
        }
        for name in ("intake", "work", "transcripts"):
            for bucket in (name, f"clinic-{name}"):
                self._arns[bucket] = str(deployment.bucket(name).arn)
        for name in ("intake", "completion"):
            for place in ("https://sqs/", urls := f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/", f"{urls}clinic-"):
                self._arns[place + name] = str(deployment.queue(name).arn)

    def arn(self, name: str) -> str:
        """The ARN of a bucket or table, of a queue by its URL, of a topic or key by its ARN in tests."""
        return self._arns.get(name, name)

    def object(self, given: Mapping[str, Any]) -> str:
        """An object's ARN."""
        return f"{self.arn(given['Bucket'])}/{given['Key']}"

    def ours(self, service: str, resource: str) -> str:
        """The ARN of a resource with this name in this account and Region."""
        return self.arn("ledger").partition(":table/")[0].replace(":dynamodb:", f":{service}:") + f":{resource}"

    def requests(self, call: Call) -> list[Request]:
        """The IAM requests of a call. An unknown call must be added to this table."""
        return ASKED[call.operation](self, call.arguments)


Asking = Callable[[Places, Mapping[str, Any]], list[Request]]


def _on(action: str, member: str) -> Asking:
    """An action on the resource in a member."""
    return lambda places, given: [Request(action, places.arn(given[member]))]


def _on_version(action: str) -> Asking:
    """An action on an object, or on one version of it."""
    return lambda places, given: [Request(action + "Version" * ("VersionId" in given), places.object(given))]


_read = _on_version("s3:GetObject")


def _write(places: Places, given: Mapping[str, Any]) -> list[Request]:
    actions = ["s3:PutObject", *(_WRITTEN_BESIDES[member] for member in _WRITTEN_BESIDES.keys() & given.keys())]
    return [Request(action, places.object(given)) for action in actions]


_WRITTEN_BESIDES = {
    "ACL": "s3:PutObjectAcl",
    "ObjectLockLegalHoldStatus": "s3:PutObjectLegalHold",
    "ObjectLockMode": "s3:PutObjectRetention",
    "Tagging": "s3:PutObjectTagging",
}


def _copy(places: Places, given: Mapping[str, Any]) -> list[Request]:
    return [*_read(places, given["CopySource"]), *_write(places, given)]


def _list(places: Places, given: Mapping[str, Any]) -> list[Request]:
    return [Request("s3:ListBucket", places.arn(given["Bucket"]), context={"s3:prefix": given.get("Prefix", "")})]


def _start(places: Places, given: Mapping[str, Any]) -> list[Request]:
    output = {
        "transcribe:OutputBucketName": places.arn(given["OutputBucketName"]).rpartition(":")[2],
        "transcribe:OutputKey": given["OutputKey"],
        "transcribe:OutputEncryptionKMSKeyId": places.arn(given["OutputEncryptionKMSKeyId"]),
    }
    return [Request("transcribe:StartMedicalTranscriptionJob", "*", context=output)]


def _get_job(places: Places, given: Mapping[str, Any]) -> list[Request]:
    job = f"medical-transcription-job/{given['MedicalTranscriptionJobName']}"
    return [Request("transcribe:GetMedicalTranscriptionJob", places.ours("transcribe", job))]


def _put_events(places: Places, given: Mapping[str, Any]) -> list[Request]:
    return [
        Request(
            "events:PutEvents",
            places.ours("events", f"event-bus/{each.get('EventBusName', 'default')}"),
            context={"events:source": each["Source"], "events:detail-type": each["DetailType"]},
        )
        for each in given["Entries"]
    ]


def _query(places: Places, given: Mapping[str, Any]) -> list[Request]:
    return [Request("dynamodb:Query", f"{places.arn(given['TableName'])}/index/{given['IndexName']}")]


def _get_items(places: Places, given: Mapping[str, Any]) -> list[Request]:
    return [Request("dynamodb:BatchGetItem", places.arn(table)) for table in given["RequestItems"]]


ASKED: Mapping[str, Asking] = {
    "dynamodb.batch_get_item": _get_items,
    "dynamodb.get_item": _on("dynamodb:GetItem", "TableName"),
    "dynamodb.put_item": _on("dynamodb:PutItem", "TableName"),
    "dynamodb.query": _query,
    "dynamodb.update_item": _on("dynamodb:UpdateItem", "TableName"),
    "events.put_events": _put_events,
    "s3.copy_object": _copy,
    "s3.delete_object": _on_version("s3:DeleteObject"),
    "s3.get_object": _read,
    "s3.head_object": _read,
    "s3.list_object_versions": _on("s3:ListBucketVersions", "Bucket"),
    "s3.list_objects_v2": _list,
    "s3.put_object": _write,
    "sns.publish": _on("sns:Publish", "TopicArn"),
    "sqs.get_queue_attributes": _on("sqs:GetQueueAttributes", "QueueUrl"),
    "sqs.send_message": _on("sqs:SendMessage", "QueueUrl"),
    "transcribe.get_medical_transcription_job": _get_job,
    "transcribe.start_medical_transcription_job": _start,
}
"""The IAM requests of each call (https://docs.aws.amazon.com/service-authorization/latest/reference/)."""
