"""Check a caller's permissions, because the service acts with its caller's permissions."""

from collections.abc import Mapping

from local.transcribe_medical.cloud_port import Caller, CloudPort, Encryption
from local.transcribe_medical.request_validation import Refused, Request, bad_request
from local.transcribe_medical.s3_locations import S3Location

UNREADABLE = (
    "The S3 URI that you provided can't be accessed. "
    "Make sure that you have read permission and try your request again."
)
NO_OBJECT = (
    "The S3 URI that you provided doesn't point to an S3 object. "
    "Make sure that the object exists and try your request again."
)
UNWRITABLE = (
    "The specified S3 bucket can't be accessed. "
    "Make sure you have write permission on the bucket and try your request again."
)
NO_KEY = (
    "The KMS key that you specified can't be used. Make sure that it is a symmetric key for encryption that exists, "
    "and that you have permission to encrypt with it, and try your request again."
)


def check_source(cloud: CloudPort, caller: Caller, location: S3Location | None) -> None:
    """Raise Refused unless the caller may read the object, and it is in the Region of the call."""
    if location is None or not cloud.may_read(caller, location):
        raise bad_request(UNREADABLE)
    _check_region(cloud, caller, location)
    if cloud.size_of(location) is None:
        raise bad_request(NO_OBJECT)


def check_target(cloud: CloudPort, caller: Caller, location: S3Location, encryption: Encryption) -> None:
    """Raise Refused unless the caller may write the object with this encryption."""
    if cloud.region_of(location.bucket) is None or not cloud.may_write(caller, location, encryption):
        raise bad_request(UNWRITABLE)
    _check_region(cloud, caller, location)
    if not cloud.may_encrypt(caller, location, encryption):
        raise bad_request(NO_KEY)


def check_tags(cloud: CloudPort, caller: Caller, request: Request) -> None:
    """Raise Refused unless the caller may set the request's tags."""
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}
    if tags and not cloud.may_tag(caller, tags, conditions(request)):
        raise Refused(
            "AccessDeniedException",
            "You don't have permission to tag what you create: transcribe:TagResource is missing.",
        )


def conditions(request: Mapping[str, object]) -> dict[str, str]:
    """Return the values of the `transcribe:` condition keys of policies, without those that the request lacks."""
    members = ("OutputBucketName", "OutputKey", "OutputEncryptionKMSKeyId")
    sent = {member: request.get(member) for member in members}
    return {f"transcribe:{member}": value for member, value in sent.items() if isinstance(value, str)}


def _check_region(cloud: CloudPort, caller: Caller, location: S3Location) -> None:
    region = cloud.region_of(location.bucket)
    if region is not None and region != caller.region:
        raise bad_request(
            f"The specified S3 bucket isn't in the same Region. Make sure the bucket is in the {caller.region} Region "
            "and try your request again."
        )
