"""Classifies an error of an AWS call by its meaning for the recording.

The class and the code decide. For two codes with several meanings, the text decides too.
"""

import re
from collections.abc import Mapping
from enum import Enum


class ErrorKind(Enum):
    """The meaning of an error, and the reaction to it."""

    BUSY = "defer: a quota or rate is used up"
    UNAVAILABLE = "defer: the service does not answer"
    CONFIGURATION = "defer and raise an alarm: a permission, key or resource is missing"
    VOCABULARY = "the configured vocabulary does not exist, or its build failed"
    VOCABULARY_NOT_READY = "defer for an hour at most: AWS still builds the configured vocabulary"
    SETTING = "Transcribe does not accept one of the job's settings"
    REFUSED = "defer for a day at most: Transcribe refuses the job with an unknown text"
    TOO_LONG = "the recording is longer than the quota"
    ABSENT = "the requested object or job does not exist"
    TAKEN = "the job's name is in use"
    OTHER = "unexpected: return the message to the queue"


_CODES: Mapping[str, ErrorKind] = {
    "LimitExceededException": ErrorKind.BUSY,
    "ThrottlingException": ErrorKind.BUSY,
    "Throttling": ErrorKind.BUSY,
    "TooManyRequestsException": ErrorKind.BUSY,
    "RequestLimitExceeded": ErrorKind.BUSY,
    "ProvisionedThroughputExceededException": ErrorKind.BUSY,
    "SlowDown": ErrorKind.BUSY,
    "KMS.ThrottlingException": ErrorKind.BUSY,
    "InternalFailureException": ErrorKind.UNAVAILABLE,
    "InternalFailure": ErrorKind.UNAVAILABLE,
    "InternalError": ErrorKind.UNAVAILABLE,
    "InternalServerError": ErrorKind.UNAVAILABLE,
    "ServiceUnavailable": ErrorKind.UNAVAILABLE,
    "ServiceUnavailableException": ErrorKind.UNAVAILABLE,
    "AccessDenied": ErrorKind.CONFIGURATION,
    "AccessDeniedException": ErrorKind.CONFIGURATION,
    "AuthorizationError": ErrorKind.CONFIGURATION,
    "NotFound": ErrorKind.CONFIGURATION,  # SNS: no such topic
    "NotAuthorizedForSourceException": ErrorKind.CONFIGURATION,  # EventBridge, for an entry of PutEvents
    "QueueDoesNotExist": ErrorKind.CONFIGURATION,
    "AWS.SimpleQueueService.NonExistentQueue": ErrorKind.CONFIGURATION,
    "KMSAccessDenied": ErrorKind.CONFIGURATION,
    "KMSDisabled": ErrorKind.CONFIGURATION,
    "KMSInvalidState": ErrorKind.CONFIGURATION,
    "KMSNotFound": ErrorKind.CONFIGURATION,
    "KMSOptInRequired": ErrorKind.CONFIGURATION,
    "KMSThrottling": ErrorKind.BUSY,
    "KmsAccessDenied": ErrorKind.CONFIGURATION,
    "KmsDisabled": ErrorKind.CONFIGURATION,
    "KmsInvalidState": ErrorKind.CONFIGURATION,
    "KmsNotFound": ErrorKind.CONFIGURATION,
    "KmsInvalidKeyUsage": ErrorKind.CONFIGURATION,
    "KmsOptInRequired": ErrorKind.CONFIGURATION,
    "KmsThrottled": ErrorKind.BUSY,
    "RequestThrottled": ErrorKind.BUSY,
    "Throttled": ErrorKind.BUSY,
    "403": ErrorKind.CONFIGURATION,
    "KMS.AccessDeniedException": ErrorKind.CONFIGURATION,
    "KMS.DisabledException": ErrorKind.CONFIGURATION,
    "KMS.KMSInvalidStateException": ErrorKind.CONFIGURATION,
    "KMS.NotFoundException": ErrorKind.CONFIGURATION,
    "NoSuchBucket": ErrorKind.CONFIGURATION,
    "ResourceNotFoundException": ErrorKind.CONFIGURATION,
    "ConflictException": ErrorKind.TAKEN,
    "NotFoundException": ErrorKind.ABSENT,
    "NoSuchKey": ErrorKind.ABSENT,
    "NoSuchVersion": ErrorKind.ABSENT,
    "404": ErrorKind.ABSENT,
    "405": ErrorKind.ABSENT,  # HeadObject of a delete marker
    "MethodNotAllowed": ErrorKind.ABSENT,
}
# Errors without a code, by class name, because this package does not import the SDK.
_CLASSES: Mapping[str, ErrorKind] = {
    "EndpointConnectionError": ErrorKind.UNAVAILABLE,
    "ConnectTimeoutError": ErrorKind.UNAVAILABLE,
    "ReadTimeoutError": ErrorKind.UNAVAILABLE,
    "ConnectionClosedError": ErrorKind.UNAVAILABLE,
    "ResponseStreamingError": ErrorKind.UNAVAILABLE,
    "ProxyConnectionError": ErrorKind.UNAVAILABLE,
    "IncompleteReadError": ErrorKind.UNAVAILABLE,
    "WrongRange": ErrorKind.UNAVAILABLE,
    "SSLError": ErrorKind.UNAVAILABLE,
    "NoCredentialsError": ErrorKind.CONFIGURATION,
}
_SERVER_ERROR = 500
_OF_LENGTH = re.compile(r"\b(too long|too large|duration|length|file size)\b", re.IGNORECASE)
_OF_NUMBER = re.compile(r"\b(too many|wait before|try (your request )?again later)\b", re.IGNORECASE)
"""LimitExceededException has three meanings: too many a second, too many at once, too long. The documented text names
all of them. Therefore a word about length means "too long" only without a word about numbers. Otherwise the recording
waits, which is harmless and has a time limit (`JobStarts._deferred_as`)."""


def fault(error: Exception) -> ErrorKind:
    """The kind of an error. An unknown error is OTHER, which loses no recording.

    Transcribe returns BadRequestException for a missing job, for media that it cannot read and for settings that it
    does not accept. `_bad_request` distinguishes them.
    """
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return _CLASSES.get(type(error).__name__, ErrorKind.OTHER)
    answer = response.get("Error", {})
    code, text = str(answer.get("Code", "")), str(answer.get("Message", ""))
    if code == "BadRequestException":
        return _bad_request(text)
    if code == "LimitExceededException" and _OF_LENGTH.search(text) and not _OF_NUMBER.search(text):
        return ErrorKind.TOO_LONG
    if code in _CODES:
        return _CODES[code]
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return ErrorKind.UNAVAILABLE if status >= _SERVER_ERROR else ErrorKind.OTHER


DEFERRABLE = (
    ErrorKind.BUSY,
    ErrorKind.UNAVAILABLE,
    ErrorKind.CONFIGURATION,
    ErrorKind.VOCABULARY,
    ErrorKind.VOCABULARY_NOT_READY,
    ErrorKind.SETTING,
    ErrorKind.REFUSED,
)
"""Errors that prove nothing against the recording, so it is deferred. The start function ends the wait if the
recording's own settings may have caused the error."""
WITHOUT_ALARM = (ErrorKind.BUSY, ErrorKind.UNAVAILABLE, ErrorKind.VOCABULARY_NOT_READY)
"""Those that end without an operator. The others raise an alarm."""

MOST_DELAY = 900
"""Seconds: the largest DelaySeconds of SQS."""


def delay(deferrals: int, patience: int, jitter: float, *, steady: bool = False) -> int:
    """The delay of a deferred message, in seconds. It doubles each time, unless `steady` (it waits for a free slot).

    An outage can last for hours, and each repetition can duplicate a message. `patience` is the first delay. `jitter`,
    from 0 to 1, spreads the messages, so that they do not all return at the same time.

    >>> delay(7, 30, 0.5, steady=True), [delay(n, 30, 0.5) for n in range(6)]
    (30, [30, 60, 120, 240, 480, 900])
    """
    growth = 1 if steady else 2 ** min(deferrals, 10)
    return max(1, min(MOST_DELAY, round(patience * growth * (0.5 + jitter))))


def described(error: Exception) -> str:
    """An error's class and code, for logs. The message is left out, because it may quote a key.

    >>> described(ValueError("dictation/Jane Doe.wav"))
    'ValueError'
    """
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return f"{type(error).__name__} {code}" if code else type(error).__name__


_OF_VOCABULARY = re.compile(r"\bvocabular(y|ies)\b", re.IGNORECASE)
_IS_ABSENT = re.compile(r"couldn't be found|could not be found|not found|doesn't exist|does not exist", re.IGNORECASE)
_HAS_FAILED = re.compile(r"\bfailed\b(?! to satisfy)", re.IGNORECASE)
_IS_NOT_READY = re.compile(r"\b(isn't|is not|not)( yet)? (in the )?ready\b|\bpending\b", re.IGNORECASE)
_OF_PLACE = re.compile(
    r"bucket|kms|\bs3\b|\bkey\b|outputkey|mediafileuri|encrypt|permission|access|authori[sz]|\brole\b|polic(y|ies)",
    re.IGNORECASE,
)
_OF_SETTING = re.compile(
    r"\b(settings\.\w+|(show|max)speakerlabels|channelidentification|(show|max)alternatives|vocabularyname"
    r"|contentidentificationtype|specialty)\b",
    re.IGNORECASE,
)
"""Settings by the names of Transcribe's members. Words such as "speaker" or "channel" may concern the audio, so only a
member's name proves that the text concerns a setting."""


def _bad_request(text: str) -> ErrorKind:
    """The kind of a BadRequestException, which has one code for many causes.

    AWS does not document the texts. An unknown text is REFUSED, which is harmless.
    """
    if "too many jobs running" in text:  # observed for standard jobs: https://github.com/boto/boto3/issues/1633
        return ErrorKind.BUSY
    if "requested job couldn't be found" in text:
        return ErrorKind.ABSENT
    if _OF_VOCABULARY.search(text):
        if _IS_ABSENT.search(text) or _HAS_FAILED.search(text):
            return ErrorKind.VOCABULARY
        if _IS_NOT_READY.search(text):
            return ErrorKind.VOCABULARY_NOT_READY
    if _OF_SETTING.search(text):
        return ErrorKind.SETTING
    return ErrorKind.CONFIGURATION if _OF_PLACE.search(text) else ErrorKind.REFUSED
