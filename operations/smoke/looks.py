"""What a finished recording shows, and what Transcribe answers: one look each."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from operations.deployment import Deployment
from operations.problems import unless_denied
from operations.smoke.report import Outcome, Trial
from stethoscript import faults, jobs
from stethoscript.faults import Fault
from stethoscript.rows import Row

_PROBE = ".write_access_check_file.temp"
_LATE = timedelta(minutes=1)


def documents(deployment: Deployment, row: Row) -> Trial:
    """Whether all that the manifest lists is there, under the key."""
    what = "The documents are there, under the key"
    if row.manifest is None:
        return Trial(what, Outcome.UNTRIED, "none were delivered")
    s3, bucket = deployment.client("s3"), deployment.transcripts
    listed = json.loads(s3.get_object(Bucket=bucket, Key=row.manifest)["Body"].read())
    heads = [s3.head_object(Bucket=bucket, Key=each["key"]) for each in listed["documents"]]
    if listed["failed"]:
        return Trial(what, Outcome.FAILED, f"Some could not be made: {', '.join(listed['failed'])}.")
    if not all(_is_ours(deployment, head) for head in heads):
        return Trial(what, Outcome.FAILED, "One is not encrypted under the deployment's key.")
    return Trial(what, Outcome.PROVED, f"{len(heads)} documents, {listed['words']} words")


def output(deployment: Deployment, row: Row) -> Trial:
    """Whether Transcribe did with its output as it was told."""
    what = "Transcribe wrote its output under the key"
    if row.manifest is None:
        return Trial(what, Outcome.UNTRIED, "there is none")
    head = deployment.client("s3").head_object(Bucket=deployment.work, Key=jobs.raw(row.job))
    if not _is_ours(deployment, head):
        return Trial(what, Outcome.FAILED, "It is not encrypted under the deployment's key.")
    return Trial(what, Outcome.PROVED, "by the key's ARN", ("encrypted",))


def tags(deployment: Deployment, row: Row) -> Trial:
    """Whether the job can be told apart in a bill."""
    what, topic = "The job is tagged for the bill", deployment.outputs["CompletionTopicArn"].split(":")
    arn = ":".join([*topic[:2], "transcribe", *topic[3:5], f"medical-transcription-job/{row.job}"])
    listed = unless_denied(lambda: deployment.client("transcribe").list_tags_for_resource(ResourceArn=arn))
    if listed is None:
        return Trial(what, Outcome.UNTRIED, "needs transcribe:ListTagsForResource")
    found = {tag["Key"]: tag["Value"] for tag in listed.get("Tags", [])}
    if found.get("application") != deployment.name:
        return Trial(what, Outcome.FAILED, "It does not carry the tag `application`.")
    return Trial(what, Outcome.PROVED, ", ".join(f"{key}={value}" for key, value in found.items()), ("tagged",))


def signal(_deployment: Deployment, row: Row) -> Trial:
    """Which of the signals of its end was the first to be believed."""
    came = row.signal == "event"
    return Trial(
        "The first signal of the job's end", Outcome.OBSERVED, str(row.signal), ("event, completed",) if came else ()
    )


def unknown_job(deployment: Deployment, name: str) -> Trial:
    """What is said of a job that never was: the functions must take it for what it is."""
    what = "Transcribe's answer to an unknown job is understood"
    try:
        deployment.client("transcribe").get_medical_transcription_job(MedicalTranscriptionJobName=name)
    except ClientError as error:
        said = error.response["Error"]
        known = faults.fault(error) is Fault.ABSENT
        answer = f"{said['Code']}: {said.get('Message', '')}"
        return Trial(what, Outcome.PROVED if known else Outcome.FAILED, answer, ("unknown job",))
    return Trial(what, Outcome.FAILED, "It says that there is one.")


def probe(deployment: Deployment) -> Trial:
    """Where Transcribe has left its write probe."""
    s3, bucket = deployment.client("s3"), deployment.work
    places = [
        key
        for key in (f"raw/{_PROBE}", _PROBE)
        if s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("KeyCount")
    ]
    return Trial("Transcribe's write probe", Outcome.OBSERVED, ", ".join(places) or "none", ("write probe",))


def events(deployment: Deployment, began: float, ended: float) -> Trial:
    """Whether the rule for AWS's own job events has matched meanwhile; CloudWatch knows some minutes later."""
    what = "AWS's own events of a job's end"
    counted = unless_denied(
        lambda: deployment.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Events", MetricName="TriggeredRules", Statistics=["Sum"], Period=60,
            Dimensions=[{"Name": "RuleName", "Value": f"{deployment.name}-job-ended"}],
            StartTime=datetime.fromtimestamp(began, UTC) - _LATE, EndTime=datetime.fromtimestamp(ended, UTC) + _LATE,
        )["Datapoints"]
    )  # fmt: skip
    if counted is None:
        return Trial(what, Outcome.UNTRIED, "needs cloudwatch:GetMetricStatistics")
    total = int(sum(point["Sum"] for point in counted))
    if not total:
        return Trial(what, Outcome.OBSERVED, "none was seen; CloudWatch may be late")
    return Trial(what, Outcome.OBSERVED, f"{total} came", ("event, completed",))


def _is_ours(deployment: Deployment, head: Mapping[str, Any]) -> bool:
    return head.get("SSEKMSKeyId") == deployment.outputs["KeyArn"]
