"""What an error of an AWS call means for the recording in hand.

Only the error's class, code and, for two codes whose meaning hangs on it, its text are looked at.
"""

import re
from collections.abc import Mapping
from enum import Enum


class ErrorKind(Enum):
    """What to do about an error."""

    BUSY = "put it off: a quota or rate is used up"
    UNAVAILABLE = "put it off: the service does not answer"
    CONFIGURATION = "put it off and raise an alarm: a right, key or resource is missing"
    VOCABULARY = "the vocabulary that the settings name does not exist, or could not be built"
    VOCABULARY_NOT_READY = "put it off for a while: the vocabulary that the settings name is still being built"
    SETTING = "Transcribe does not take one of the job's settings"
    REFUSED = "put it off, for a day at most: Transcribe refuses the job in words that we do not know"
    TOO_LONG = "the recording is longer than Transcribe takes"
    ABSENT = "what was asked for does not exist"
    TAKEN = "the job's name is in use"
    OTHER = "unexpected: back to the queue"


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
    "NotAuthorizedForSourceException": ErrorKind.CONFIGURATION,  # EventBridge's word on an entry of PutEvents
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
# Errors without a code, raised before, without or in spite of an answer: by class name, as this package has no SDK.
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
"""LimitExceeded has three meanings: too many a second, too many at once, too long. Its documented text speaks of all
of them at once, so words of length mean the third only where none of number stands beside them: that waiting helps
is the harmless meaning, and it has an end of its own (`Starter._refuse_for`)."""


def fault(error: Exception) -> ErrorKind:
    """Tell what an error means; unknown ones are OTHER, which loses nothing.

    Transcribe answers BadRequestException for a job it does not know, for media it cannot reach and for settings it
    does not take: `_bad_request` tells them apart.
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
"""Faults that do not prove anything against the recording: it waits. The start function ends the waiting where one
lasts that the recording's own settings may have caused."""
WITHOUT_ALARM = (ErrorKind.BUSY, ErrorKind.UNAVAILABLE, ErrorKind.VOCABULARY_NOT_READY)
"""Of these, the faults that end without an operator; the others raise an alarm."""

MOST_DELAY = 900
"""Seconds; the most SQS takes as DelaySeconds."""


def delay(deferrals: int, patience: int, jitter: float, *, steady: bool = False) -> int:
    """Seconds to put a message off: longer and longer, but `steady` where it only waits for its turn.

    Trouble may last for hours, and messages that keep coming back multiply: one may be seen twice, or
    not be deleted. `jitter` from 0 to 1 spreads them, so that they do not all come back at once.

    >>> delay(7, 30, 0.5, steady=True), [delay(n, 30, 0.5) for n in range(6)]
    (30, [30, 60, 120, 240, 480, 900])
    """
    growth = 1 if steady else 2 ** min(deferrals, 10)
    return max(1, min(MOST_DELAY, round(patience * growth * (0.5 + jitter))))


def described(error: Exception) -> str:
    """Name an error for logs: class and code, never its message, which may quote a key.

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
"""Our settings by the names of Transcribe's own members: words such as "speaker" or "channel" may be about the audio,
and only a member's name proves that a setting is meant."""


def _bad_request(text: str) -> ErrorKind:
    """The meaning of a BadRequestException, which has one code for all that may be wrong.

    No page lists the texts. What is not known here has the harmless meaning: REFUSED.
    """
    if "too many jobs running" in text:  # seen of standard jobs: https://github.com/boto/boto3/issues/1633
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
