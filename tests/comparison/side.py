"""The two sides that are compared with AWS: clients of the local cloud or of moto, and the resources for cases."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

from local.cloud.environment import REGION
from tests.comparison.case import Case, differences, member
from tests.functions.fakes import LEDGER

Client = Callable[[str], Any]
Make = Callable[["Place"], Any]


class Place:
    """The resources of one case, created at the first use of their name."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.made: dict[str, Any] = {}
        self.answers: list[Mapping[str, Any]] = []

    def called(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call and return its answer, which may be an error."""
        service, _, method = operation.partition(".")
        client = self.client(service)
        try:
            answer = getattr(client, method)(**self.resolved(parameters))
        except ClientError as error:
            answer = error.response
        except Exception as error:  # noqa: BLE001 - moto's own, or an answer that the SDK cannot read
            code = type(error).__name__
            answer = {"ResponseMetadata": {"HTTPStatusCode": 500}, "Error": {"Code": code}}
        if "Body" in answer:
            answer = {**answer, "Body": answer["Body"].read()}
        self.answers.append(answer)
        return dict(answer)

    def resolved(self, value: Any) -> Any:
        """A value with each `@…` replaced."""
        if isinstance(value, str) and value.startswith("@"):
            return self._named(value[1:])
        if isinstance(value, Mapping):
            return {self.resolved(name): self.resolved(inner) for name, inner in value.items()}
        return [self.resolved(inner) for inner in value] if isinstance(value, list) else value

    def _named(self, name: str) -> Any:
        step, _, path = name.partition(".")
        if step.isdecimal():
            return member(self.answers[int(step)], path)
        if name not in self.made:
            self.made[name] = MAKERS[name](self)
        return self.made[name]


@contextmanager
def in_moto() -> Iterator[Client]:
    """Clients of moto, which is active meanwhile."""
    session = boto3.Session("testing", "testing", region_name=REGION)
    once = Config(retries={"total_max_attempts": 1})  # an unreadable answer is the same at the next attempt
    with mock_aws():
        yield cache(lambda service: session.client(service, config=once))


def compared(case: Case, client: Client) -> list[str]:
    """The differences between one side's answer to a case and AWS's."""
    place = Place(client)
    answer: dict[str, Any] = {}
    for step in case.calls:
        answer = place.called(step.operation, step.parameters)
    expected = {path: place.resolved(wanted) for path, wanted in case.members.items()}
    return differences(Case(case.name, case.calls, case.status, case.code, expected), answer)


def _name() -> str:
    return f"case-{uuid4().hex[:20]}"


def _bucket(*, versioned: bool = False, locked: bool = False) -> Make:
    def make(place: Place) -> str:
        s3, name = place.client("s3"), _name()
        s3.create_bucket(Bucket=name, **({"ObjectLockEnabledForBucket": True} if locked else {}))
        if versioned:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    return make


def _queue(**attributes: str) -> Make:
    return lambda place: place.client("sqs").create_queue(QueueName=_name(), Attributes=attributes)["QueueUrl"]


def _queue_arn(place: Place) -> str:
    asked = place.client("sqs").get_queue_attributes(QueueUrl=place.resolved("@queue"), AttributeNames=["QueueArn"])
    return str(asked["Attributes"]["QueueArn"])


def _table(place: Place) -> str:
    name = _name()
    dynamodb = place.client("dynamodb")
    dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **LEDGER)
    return name


def _log_group(place: Place) -> str:
    name = f"/{_name()}"
    logs = place.client("logs")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="one")
    return name


def _rule(place: Place) -> str:
    events, name = place.client("events"), _name()
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["case"]}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": place.resolved("@queue arn")}])
    return name


TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com", "AWS": "*"}, "Action": "sts:AssumeRole"}
    ],
}


def _role(place: Place) -> Any:
    return place.client("iam").create_role(RoleName=_name(), AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]


def _function(place: Place) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): return event")
    name = _name()
    place.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=_role(place)["Arn"],
        Code={"ZipFile": packed.getvalue()},
    )
    return name


def _alarm(place: Place) -> str:
    name = _name()
    place.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="Case",
        MetricName="Count",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    return name


TEMPLATE = json.dumps(
    {
        "Parameters": {"Any": {"Type": "String", "Default": "b"}},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"Out": {"Value": "1"}},
    }
)


def _stack(place: Place) -> str:
    name = _name()
    cloudformation = place.client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=TEMPLATE)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 0.1})
    return name


def _template_url(place: Place) -> str:
    bucket = place.resolved("@bucket")
    place.client("s3").put_object(Bucket=bucket, Key="template.json", Body=TEMPLATE.encode())
    return f"https://s3.us-east-1.amazonaws.com/{bucket}/template.json"


MAKERS: Mapping[str, Make] = {
    "name": lambda _place: _name(),
    "account": lambda place: place.client("sts").get_caller_identity()["Account"],
    "bucket": _bucket(),
    "other bucket": _bucket(),
    "versioned": _bucket(versioned=True),
    "locked": _bucket(locked=True),
    "queue": _queue(),
    "fast queue": _queue(VisibilityTimeout="0"),
    "queue arn": _queue_arn,
    "topic": lambda place: place.client("sns").create_topic(Name=_name())["TopicArn"],
    "table": _table,
    "log group": _log_group,
    "rule": _rule,
    "other queue arn": lambda place: place.resolved("@queue arn").rpartition(":")[0] + ":other",
    "role arn": lambda place: _role(place)["Arn"],
    "template url": _template_url,
    "role": lambda place: _role(place)["RoleName"],
    "function": _function,
    "alarm": _alarm,
    "stack": _stack,
    "key": lambda place: place.client("kms").create_key()["KeyMetadata"]["Arn"],
}
"""The resource for each `@name` in a case."""
