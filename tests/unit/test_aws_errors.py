"""AWS errors have one meaning each, by class and code, and by text only where necessary."""

import botocore.session
import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from stethoscript import aws_errors
from stethoscript.aws_errors import ErrorKind
from tests.client_errors import refusal

AT = "1 validation error detected: Value 'x' at"


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (refusal("LimitExceededException"), ErrorKind.BUSY),
        (refusal("ThrottlingException"), ErrorKind.BUSY),
        (refusal("SlowDown", status=503), ErrorKind.BUSY),
        (refusal("InternalFailureException", status=500), ErrorKind.UNAVAILABLE),
        (refusal("SomethingNew", status=503), ErrorKind.UNAVAILABLE),
        (refusal("AccessDeniedException"), ErrorKind.CONFIGURATION),
        (refusal("403", status=403), ErrorKind.CONFIGURATION),
        (refusal("KMS.DisabledException"), ErrorKind.CONFIGURATION),
        (refusal("ConflictException"), ErrorKind.TAKEN),
        (refusal("BadRequestException", "The requested job couldn't be found. Check the job name"), ErrorKind.ABSENT),
        (refusal("NotFoundException"), ErrorKind.ABSENT),
        (refusal("BadRequestException", "The S3 URI that you provided can't be accessed."), ErrorKind.CONFIGURATION),
        (refusal("BadRequestException", "The requested vocabulary couldn't be found."), ErrorKind.VOCABULARY),
        (refusal("LimitExceededException", "You have too many jobs running at the same time."), ErrorKind.BUSY),
        (refusal("BadRequestException", "You have too many jobs running at the same time."), ErrorKind.BUSY),
        (refusal("LimitExceededException", "Your media file is too long."), ErrorKind.TOO_LONG),
        (refusal("BadRequestException", "The requested vocabulary is in the FAILED state."), ErrorKind.VOCABULARY),
        (refusal("BadRequestException", "The requested vocabulary isn't ready. Wait."), ErrorKind.VOCABULARY_NOT_READY),
        (refusal("BadRequestException", "The vocabulary state is PENDING."), ErrorKind.VOCABULARY_NOT_READY),
        (refusal("BadRequestException", "The vocabulary is odd."), ErrorKind.REFUSED),
        (refusal("BadRequestException", f"{AT} 'settings.maxSpeakerLabels' failed to satisfy"), ErrorKind.SETTING),
        (refusal("BadRequestException", f"{AT} 'settings.vocabularyName' failed to satisfy"), ErrorKind.SETTING),
        (refusal("BadRequestException", "Both ShowSpeakerLabels and ChannelIdentification"), ErrorKind.SETTING),
        (refusal("BadRequestException", "There are too many speakers on this channel."), ErrorKind.REFUSED),
        (refusal("BadRequestException", "The S3 URI doesn't point to an S3 object."), ErrorKind.CONFIGURATION),
        (refusal("BadRequestException", "Your output bucket is somewhere else."), ErrorKind.CONFIGURATION),
        (refusal("BadRequestException", f"{AT} 'outputKey' failed to satisfy constraint"), ErrorKind.CONFIGURATION),
        (refusal("BadRequestException", "The KMS key isn't usable."), ErrorKind.CONFIGURATION),
        (refusal("BadRequestException", "something else"), ErrorKind.REFUSED),
        (refusal("SomethingNew"), ErrorKind.OTHER),
        (EndpointConnectionError(endpoint_url="x"), ErrorKind.UNAVAILABLE),
        (ReadTimeoutError(endpoint_url="x"), ErrorKind.UNAVAILABLE),
        (ConnectTimeoutError(endpoint_url="x"), ErrorKind.UNAVAILABLE),
        (NoCredentialsError(), ErrorKind.CONFIGURATION),
        (ValueError(), ErrorKind.OTHER),
    ],
)
def test_each_error_has_one_meaning(error, fault):
    assert aws_errors.fault(error) is fault


def test_a_limit_error_with_the_documented_text_means_wait():
    """The messages name too many requests and too long a file in one sentence. So they reject nothing."""
    model = botocore.session.get_session().get_service_model("transcribe")
    text = model.shape_for("LimitExceededException").documentation
    assert "too long" in text
    assert aws_errors.fault(refusal("LimitExceededException", text)) is ErrorKind.BUSY


def test_an_error_is_described_without_its_message():
    assert aws_errors.described(refusal("NoSuchKey", "dictation/Jane Doe.wav")) == "ClientError NoSuchKey"


@pytest.mark.parametrize(
    ("service", "operations"),
    [
        ("s3", ["HeadObject", "GetObject", "CopyObject", "PutObject", "DeleteObject", "ListObjectVersions"]),
        ("sqs", ["SendMessage", "GetQueueAttributes"]),
        ("sns", ["Publish"]),
        ("dynamodb", ["GetItem", "PutItem", "UpdateItem", "Query"]),
        ("transcribe", ["StartMedicalTranscriptionJob", "GetMedicalTranscriptionJob"]),
    ],
)
def test_every_documented_error_of_our_calls_has_a_meaning(service, operations):
    model = botocore.session.get_session().get_service_model(service)
    shapes = [shape for name in operations for shape in model.operation_model(name).error_shapes]
    codes = {(shape.metadata.get("error") or {}).get("code") or shape.name for shape in shapes}
    unknown = {code for code in codes if aws_errors.fault(refusal(code, status=400)) is ErrorKind.OTHER}
    assert unknown <= MEANINGLESS


# Our code avoids these (the request is wrong) or handles them at the call (conditions).
MEANINGLESS = {
    "BadRequestException", "ConditionalCheckFailedException", "InvalidParameter", "InvalidParameterValue",
    "ParameterValueInvalid", "ValidationException", "InvalidMessageContents",
    "AWS.SimpleQueueService.UnsupportedOperation", "UnsupportedOperation", "InvalidAddress",
    "InvalidSecurity", "InvalidAttributeName", "ItemCollectionSizeLimitExceededException", "EndpointDisabled",
    "PlatformApplicationDisabled", "TransactionConflictException", "ReplicatedWriteConflictException",
    "InvalidObjectState", "ObjectNotInActiveTierError", "EncryptionTypeMismatch", "InvalidRequest",
    "InvalidWriteOffset", "TooManyParts", "IdempotencyParameterMismatch",
}  # fmt: skip
