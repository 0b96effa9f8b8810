"""What IAM is asked about a call that a function makes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.noted import FUNCTIONS, Call
from tests.simulation import trial
from tests.stacks.deployed import Deployment
from tests.stacks.policies import Request

_SIMULATED = dict(zip(("start", "deliver", "reconcile"), FUNCTIONS, strict=True))
"""The functions by their names in the simulation."""


def simulated(seeds: range) -> Iterator[Call]:
    """Every call that the functions make in these worlds of misfortune."""
    for seed in seeds:
        for _, caller, what, arguments, _ in trial.run(seed).trace:
            if "." in what:
                yield Call(_SIMULATED[caller.partition("#")[0]], what, arguments)


class Places:
    """The deployed resources that a test's short names stand for: `intake`, or `clinic-intake`."""

    def __init__(self, deployment: Deployment) -> None:
        by_kind = {kind: deployment.all(f"AWS::{kind}") for kind in ("S3::Bucket", "SQS::Queue", "SNS::Topic")}
        self._buckets = {each["BucketName"].split("-")[1]: str(each.arn) for each in by_kind["S3::Bucket"]}
        self._queues = {each["QueueName"].partition("-")[2]: str(each.arn) for each in by_kind["SQS::Queue"]}
        self._topics = {each["TopicName"].partition("-")[2]: str(each.arn) for each in by_kind["SNS::Topic"]}
        self.table = str(deployment.one("AWS::DynamoDB::Table").arn)
        self.jobs = f"{self.account('transcribe')}:medical-transcription-job"
        variables = [each["Environment"]["Variables"] for each in deployment.all("AWS::Lambda::Function")]
        [self.key] = {each["KEY_ARN"] for each in variables if "KEY_ARN" in each}

    def account(self, service: str) -> str:
        """The beginning of the ARNs of a service's resources in this account and Region."""
        return self.table.partition(":table/")[0].replace(":dynamodb:", f":{service}:")

    def requests(self, call: Call) -> list[Request]:
        """What IAM is asked about a call; a call that is not known here is one that this table must learn."""
        return _ASKED[call.operation](self, call.arguments)

    def bucket(self, arguments: Mapping[str, Any]) -> str:
        """A bucket's ARN."""
        return self._buckets[arguments["Bucket"].rpartition("-")[2]]

    def object(self, arguments: Mapping[str, Any]) -> str:
        """An object's ARN."""
        return f"{self.bucket(arguments)}/{arguments['Key']}"

    def queue(self, arguments: Mapping[str, Any]) -> str:
        """A queue's ARN."""
        return self._queues[arguments["QueueUrl"].rpartition("/")[2].removeprefix("clinic-")]

    def topic(self, arguments: Mapping[str, Any]) -> str:
        """A topic's ARN."""
        return self._topics[arguments["TopicArn"].rpartition(":")[2]]


def _read(places: Places, given: Mapping[str, Any]) -> list[Request]:
    return [Request("s3:GetObjectVersion" if "VersionId" in given else "s3:GetObject", places.object(given))]


def _copy(places: Places, given: Mapping[str, Any]) -> list[Request]:
    return [*_read(places, given["CopySource"]), Request("s3:PutObject", places.object(given))]


def _list(places: Places, given: Mapping[str, Any]) -> list[Request]:
    return [Request("s3:ListBucket", places.bucket(given), context={"s3:prefix": given.get("Prefix", "")})]


def _start(places: Places, given: Mapping[str, Any]) -> list[Request]:
    output = {
        "transcribe:OutputBucketName": places.bucket({"Bucket": given["OutputBucketName"]}).rpartition(":")[2],
        "transcribe:OutputKey": given["OutputKey"],
        "transcribe:OutputEncryptionKMSKeyId": places.key if given["OutputEncryptionKMSKeyId"] else "",
    }
    return [Request("transcribe:StartMedicalTranscriptionJob", "*", context=output)]


def _tell_bus(places: Places, given: Mapping[str, Any]) -> list[Request]:
    bus = f"{places.account('events')}:event-bus/default"
    said = [{"events:source": each["Source"], "events:detail-type": each["DetailType"]} for each in given["Entries"]]
    return [Request("events:PutEvents", bus, context=context) for context in said]


def _on(action: str, resource: Callable[[Places, Mapping[str, Any]], str]) -> Callable[..., list[Request]]:
    return lambda places, given: [Request(action, resource(places, given))]


_ASKED: Mapping[str, Callable[[Places, Mapping[str, Any]], list[Request]]] = {
    "dynamodb.batch_get_item": _on("dynamodb:BatchGetItem", lambda places, _: places.table),
    "dynamodb.get_item": _on("dynamodb:GetItem", lambda places, _: places.table),
    "dynamodb.put_item": _on("dynamodb:PutItem", lambda places, _: places.table),
    "dynamodb.query": _on("dynamodb:Query", lambda places, given: f"{places.table}/index/{given['IndexName']}"),
    "dynamodb.update_item": _on("dynamodb:UpdateItem", lambda places, _: places.table),
    "events.put_events": _tell_bus,
    "s3.copy_object": _copy,
    "s3.delete_object": _on("s3:DeleteObject", Places.object),
    "s3.get_object": _read,
    "s3.head_object": _read,
    "s3.list_object_versions": _on("s3:ListBucketVersions", Places.bucket),
    "s3.list_objects_v2": _list,
    "s3.put_object": _on("s3:PutObject", Places.object),
    "sns.publish": _on("sns:Publish", Places.topic),
    "sqs.get_queue_attributes": _on("sqs:GetQueueAttributes", Places.queue),
    "sqs.send_message": _on("sqs:SendMessage", Places.queue),
    "transcribe.get_medical_transcription_job": _on(
        "transcribe:GetMedicalTranscriptionJob",
        lambda places, given: f"{places.jobs}/{given['MedicalTranscriptionJobName']}",
    ),
    "transcribe.start_medical_transcription_job": _start,
}
"""What IAM is asked about each call (https://docs.aws.amazon.com/service-authorization/latest/reference/)."""
