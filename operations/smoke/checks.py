"""What a finished recording shows, and what Transcribe and CloudWatch answer: one look each."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec

from botocore.exceptions import ClientError

from adapters.aws_pages import pages
from operations import deployment as deployments
from operations import errors
from operations.deployment import Deployment
from operations.smoke.report import Outcome, Trial
from stethoscript import aws_errors, jobs
from stethoscript.aws_errors import ErrorKind
from stethoscript.ledger_row import LedgerRow, State

_LATE = timedelta(minutes=1)
_TOO_EARLY = (
    "reconcile; it is too early to tell whether the others work: S3 takes about five minutes until it sends a new "
    "bucket's events to EventBridge. Run it again in ten minutes."
)
_NO_SIGNAL = (
    "Only the reconciler noticed it, minutes late: S3 or EventBridge does not send the signal. Run `doctor`, and read "
    'docs/operating.md, "signal-fails".'
)
_EVENTS_BEGIN_SECONDS = 600
"""After which S3 surely tells EventBridge of a new bucket's objects: its guide says five minutes."""

Given = ParamSpec("Given")
Seen = tuple[Outcome, str] | tuple[Outcome, str, str]
"""How it came out, the detail, and the question that it settles on AWS, if any."""


def look(what: str, needs: str) -> Callable[[Callable[Given, Seen]], Callable[Given, Trial]]:
    """Make a trial of a look; where AWS does not let us look, it says by IAM's names what that needs."""

    def of(see: Callable[Given, Seen]) -> Callable[Given, Trial]:
        @wraps(see)
        def tried(*args: Given.args, **kwargs: Given.kwargs) -> Trial:
            try:
                outcome, detail, *answers = see(*args, **kwargs)
            except errors.AWS_ERRORS as error:
                if errors.denied(error):
                    return Trial(what, Outcome.UNTRIED, f"needs {needs}")
                return Trial(what, Outcome.FAILED, errors.sentence(error))
            return Trial(what, outcome, detail, tuple(answers))

        return tried

    return of


@look("The documents are there, under the key", "s3:GetObject on the transcripts, and to be one of their readers")
def documents(deployment: Deployment, row: LedgerRow) -> Seen:
    """Whether all that the manifest lists is there, under the key."""
    if row.manifest is None:
        return Outcome.UNTRIED, "none were delivered"
    s3, bucket = deployment.client("s3"), deployment.transcripts
    listed = json.loads(s3.get_object(Bucket=bucket, Key=row.manifest)["Body"].read())
    heads = [s3.head_object(Bucket=bucket, Key=each["key"]) for each in listed["documents"]]
    if listed["failed"]:
        return Outcome.FAILED, f"Some could not be made: {', '.join(listed['failed'])}."
    if not all(_is_ours(deployment, head) for head in heads):
        return Outcome.FAILED, "One is not encrypted under the deployment's key."
    return Outcome.PROVED, f"{len(heads)} documents, {listed['words']} words"


@look("Transcribe wrote its output under the key", "s3:GetObject on the work bucket")
def output(deployment: Deployment, row: LedgerRow) -> Seen:
    """Whether Transcribe wrote its output as requested."""
    if row.manifest is None:
        return Outcome.UNTRIED, "there is none"
    head = deployment.client("s3").head_object(Bucket=deployment.work, Key=jobs.raw(row.job))
    if not _is_ours(deployment, head):
        return Outcome.FAILED, "It is not encrypted under the deployment's key."
    return Outcome.PROVED, "by the key's ARN", "encrypted"


@look("The job is tagged for the bill", "transcribe:ListTagsForResource")
def tags(deployment: Deployment, row: LedgerRow) -> Seen:
    """Whether the job has the tags for billing."""
    topic = deployment.outputs["CompletionTopicArn"].split(":")
    arn = ":".join([*topic[:2], "transcribe", *topic[3:5], f"medical-transcription-job/{row.job}"])
    listed = deployment.client("transcribe").list_tags_for_resource(ResourceArn=arn).get("Tags", [])
    found = {tag["Key"]: tag["Value"] for tag in listed}
    if found.get("application") != deployment.name:
        return Outcome.FAILED, "It does not carry the tag `application`."
    return Outcome.PROVED, ", ".join(f"{key}={value}" for key, value in found.items()), "tagged"


@look("The first signal of the job's end", "cloudformation:DescribeStacks")
def signal(deployment: Deployment, row: LedgerRow) -> Seen:
    """Which of the signals of its end was the first to be believed; the reconciler only if the others are not there."""
    if row.signal == "event":
        return Outcome.OBSERVED, row.signal, "event, completed"
    if row.signal != "reconcile":
        return Outcome.OBSERVED, str(row.signal)
    storage = deployments.stack(f"{deployment.name}-storage", deployment.client)
    if storage and row.updated - storage["CreationTime"].timestamp() < _EVENTS_BEGIN_SECONDS:
        return Outcome.OBSERVED, _TOO_EARLY
    return Outcome.FAILED, _NO_SIGNAL


@look("Transcribe's write probe", "s3:ListBucket on the work bucket")
def probe(deployment: Deployment, _row: LedgerRow) -> Seen:
    """Where Transcribe has left its write probe, now that a job has ended."""
    s3, bucket = deployment.client("s3"), deployment.work
    places = [
        key
        for key in (f"raw/{jobs.WRITE_PROBE}", jobs.WRITE_PROBE)
        if next(pages(s3, "list_objects_v2", Bucket=bucket, Prefix=key, MaxKeys=1)).get("KeyCount")
    ]
    return Outcome.OBSERVED, ", ".join(places) or "none", "write probe"


OF_A_RECORDING = (signal, documents, output, tags, probe)
"""What can be looked at once a recording has come to its end."""


@look("Transcribe's answer to an unknown job is understood", "transcribe:GetMedicalTranscriptionJob")
def unknown_job(deployment: Deployment, name: str) -> Seen:
    """What is said of a job that never was: the functions must take it for what it is."""
    try:
        deployment.client("transcribe").get_medical_transcription_job(MedicalTranscriptionJobName=name)
    except ClientError as error:
        if errors.denied(error):
            raise
        said = error.response["Error"]
        known = aws_errors.fault(error) is ErrorKind.ABSENT
        answer = f"{said['Code']}: {said.get('Message', '')}"
        return Outcome.PROVED if known else Outcome.FAILED, answer, "unknown job"
    return Outcome.FAILED, "It says that there is one."


@look("AWS's own events of a job's end", "cloudwatch:GetMetricStatistics")
def events(deployment: Deployment, began: float, ended: float) -> Seen:
    """Whether the rule for AWS's own job events has matched meanwhile; CloudWatch knows some minutes later.

    Where jobs of others failed meanwhile, it may have been their events.
    """
    start, end = datetime.fromtimestamp(began, UTC) - _LATE, datetime.fromtimestamp(ended, UTC) + _LATE
    counted = deployment.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events", MetricName="TriggeredRules", Statistics=["Sum"], Period=60,
        Dimensions=[{"Name": "RuleName", "Value": f"{deployment.name}-job-ended"}], StartTime=start, EndTime=end,
    )["Datapoints"]  # fmt: skip
    total = int(sum(point["Sum"] for point in counted))
    if not total:
        return Outcome.OBSERVED, "none was seen; CloudWatch may be late"
    if any(row.updated >= start.timestamp() for row in deployment.ledger.in_state(State.FAILED)):
        return Outcome.OBSERVED, f"{total} came; jobs of others have FAILED meanwhile"
    return Outcome.OBSERVED, f"{total} came", "event, completed"


def _is_ours(deployment: Deployment, head: Mapping[str, Any]) -> bool:
    return head.get("SSEKMSKeyId") == deployment.outputs["KeyArn"]
