"""Every call of AWS by our code has a case: its operation and each of its parameters."""

from collections.abc import Callable

import pytest

from tests.comparison.cases import CASES
from tests.comparison.recording import CLOUDS, SENT, Sent, of_the_cdk, sent
from tests.stacks.iam_requests import simulated


def covered() -> set[Sent]:
    return {each for case in CASES for call in case.calls for each in sent(call.operation, call.parameters)}


def without_case(recorded: set[Sent]) -> list[str]:
    return sorted(f"{each.operation}({each.path or '…'})" for each in recorded - covered())


@pytest.mark.afterwards
def test_every_call_of_our_code_is_compared(summary_line: Callable[[str], None]):
    for call in simulated(range(10)):
        SENT.update(sent(call.operation, call.arguments))
    for cloud in CLOUDS:
        SENT.update(of_the_cdk(cloud.recorded_requests()))
    missing = without_case(SENT)
    assert not missing, f"no case compares {', '.join(missing)}: add one for each to tests/comparison/cases"
    operations = {each.operation for each in SENT}
    summary_line(
        f"compared with AWS: {len(operations)} operations and {len(SENT - {Sent(each, '') for each in operations})} "
        f"parameters that our code was seen to send, by {len(CASES)} cases of "
        f"{len({call.operation for case in CASES for call in case.calls})} operations, 0 unlisted differences"
    )


def test_a_call_without_a_case_is_named():
    recorded = sent("s3.put_bucket_acl", {"Bucket": "b", "ACL": "private"})
    assert without_case(recorded) == ["s3.put_bucket_acl(ACL)", "s3.put_bucket_acl(Bucket)", "s3.put_bucket_acl(…)"]


def test_only_the_cdk_s_calls_are_recorded_from_the_cloud():
    asked = {"operation": "s3.put_bucket_acl", "parameters": ["Bucket"]}
    noted = [{**asked, "by": "aws-sdk-js/3.9 aws-cdk"}, {**asked, "operation": "s3.get_bucket_acl", "by": "Boto3/1"}]
    assert of_the_cdk(noted) == {Sent("s3.put_bucket_acl", ""), Sent("s3.put_bucket_acl", "Bucket")}


def test_a_parameter_without_a_case_is_named():
    assert without_case(sent("s3.head_object", {"Bucket": "b", "Key": "k", "RequestPayer": "requester"})) == [
        "s3.head_object(RequestPayer)"
    ]
