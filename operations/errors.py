"""The errors of commands: one sentence with the next step, and an exit code."""

import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from operations import access_policies, permissions
from stethoscript import aws_errors
from stethoscript.aws_errors import ErrorKind

AwsError = ClientError | BotoCoreError | ResponseParserError
"""What a call to AWS raises: it was refused, could not be made, or its answer cannot be read."""
AWS_ERRORS = (ClientError, BotoCoreError, ResponseParserError)


class CommandError(Exception):
    """Its text is what the operator reads: one sentence, with the next step."""

    code = 1


class Refused(CommandError):
    """It was refused or has failed."""


class Misused(CommandError):
    """The command line asks for what cannot be."""

    code = 2


class NotFound(CommandError):
    """The named thing does not exist."""

    code = 3


class Unreachable(CommandError):
    """AWS does not respond or denies access."""

    code = 4


_SIGN_IN = "sign in again (`aws sso login`, or new keys) and look at AWS_PROFILE"
_NOT_LET_IN = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_NOT_ALLOWED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "403"})
_KEY_NOT_ALLOWED = frozenset(
    {"KMS.AccessDeniedException", "KMSAccessDenied", "KMSAccessDeniedException", "KmsAccessDenied"}
)
_ABSENT = frozenset(
    {
        "404",  # of HeadBucket, whose answer has no body
        "NoSuchUpload",
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)
# Errors of the SDK's own, by the class's name.
_CLASSES = {
    "NoCredentialsError": f"There are no AWS credentials: {_SIGN_IN}.",
    "PartialCredentialsError": f"The AWS credentials are incomplete: {_SIGN_IN}.",
    "ProfileNotFound": "AWS_PROFILE names a profile that is not configured: `aws configure list-profiles` lists them.",
    "NoRegionError": "No AWS Region is set: set AWS_REGION.",
    "ResponseParserError": "AWS's answer cannot be read: try again, and report it if that does not help.",
    "EndpointConnectionError": "Nothing answers at the cloud's address: look at AWS_ENDPOINT_URL, AWS_REGION and "
    "your network; on a laptop, `make cloud` starts the embedded one.",
    "TokenRetrievalError": f"The sign-on has expired: {_SIGN_IN}.",
    "SSOTokenLoadError": f"There is no sign-on: {_SIGN_IN}.",
    "UnauthorizedSSOTokenError": f"The sign-on has expired: {_SIGN_IN}.",
}


def of(error: AwsError) -> CommandError:
    """What an error of AWS's or the SDK's means to the operator; its own text, which may quote a key, is not shown."""
    if isinstance(error, ClientError):
        return _answered(error)
    sentence = _CLASSES.get(type(error).__name__)
    return Unreachable(
        sentence or f"The cloud cannot be used ({type(error).__name__}): look at your network and AWS settings."
    )


def sentence(error: CommandError | AwsError) -> str:
    """The same as text, whichever it is."""
    return str(error if isinstance(error, CommandError) else of(error))


def denied(error: Exception) -> bool:
    """Whether AWS knows us, and does not let us make this call."""
    return isinstance(error, ClientError) and error.response["Error"].get("Code") in _NOT_ALLOWED


def unless_absent(call: Callable[..., Any], **asked: Any) -> Any:
    """What a call answers; None where AWS answers that there is no such thing."""
    try:
        return call(**asked)
    except ClientError as error:
        if not absent(error):
            raise
        return None


def absent(error: Exception) -> bool:
    """Whether AWS answers that there is no such thing."""
    if not isinstance(error, ClientError):
        return False
    said = error.response["Error"]
    no_stack = said.get("Code") == "ValidationError" and "does not exist" in said.get("Message", "")
    return no_stack or said.get("Code") in _ABSENT


def _answered(error: ClientError) -> CommandError:
    code, operation = str(error.response.get("Error", {}).get("Code", "")), error.operation_name
    if code in _NOT_LET_IN:
        return Unreachable(f"AWS does not take these credentials ({code}): {_SIGN_IN}.")
    fault = aws_errors.fault(error)
    if code in _NOT_ALLOWED:
        return Unreachable(f"AWS does not let you call {operation} ({code}): {missing(error)}")
    if code in _KEY_NOT_ALLOWED:
        return Unreachable(
            f"AWS does not let you use the deployment's key ({operation}: {code}): that needs kms:Decrypt, and to "
            "write kms:GenerateDataKey. Attach the deployment's policy for this command (docs/operating.md). "
            "If you hold it, run `doctor`, which checks the key."
        )
    if fault is ErrorKind.CONFIGURATION:
        return Refused(
            f"A part of the deployment is not there, or its key cannot be used ({operation}: {code}): mend it."
        )
    if fault in (ErrorKind.BUSY, ErrorKind.UNAVAILABLE):
        return Unreachable(f"AWS cannot answer {operation} just now ({code}): try again in a minute.")
    return Refused(f"AWS refused {operation} ({code}): try again, and report it if that does not help.")


def missing(error: ClientError) -> str:
    """The permission that a refused call needs, and the deployment's policies that hold it."""
    action = _action(error)
    if action is None:
        return "use credentials of this deployment's account that may; docs/operating.md lists what each command needs."
    names = access_policies.holders(action)
    if not names:
        return f"that needs {action}, which no policy of the deployment holds; docs/operating.md lists who should."
    held = f"policy {names[0]} holds" if len(names) == 1 else f"policies {', '.join(names)} hold"
    outputs = ", ".join(f"{name}PolicyArn" for name in names)
    return (
        f"that needs {action}, which the deployment's {held} (see the storage stack's outputs: {outputs}). Have one "
        "attached. If you hold one, another policy refuses the call, or what you named is not the deployment's."
    )


def _action(error: ClientError) -> str | None:
    """The IAM action, as AWS's message names it or else by the operation; None if neither is known."""
    said = re.search(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)", error.response["Error"].get("Message", ""))
    return said[1] if said else permissions.action(error.operation_name)


def unless_denied(call: Callable[[], Any], otherwise: Any = None) -> Any:
    """The result of an optional call; `otherwise` if it is denied or the resource is missing."""
    try:
        return call()
    except (*AWS_ERRORS, LookupError):
        return otherwise
