"""Decides about a recording whose job Transcribe refuses to start: defer it, or reject it with a remedy."""

from collections.abc import Collection, Mapping

from stethoscript.aws_errors import ErrorKind
from stethoscript.ledger_row import STUCK_AFTER_SECONDS
from stethoscript.rejections import Rejected

VOCABULARY_WAIT_SECONDS = 3600
"""How long a recording waits for the uploader's vocabulary. AWS builds one within minutes."""
WAIT_SECONDS: Mapping[ErrorKind, int] = {
    ErrorKind.VOCABULARY_NOT_READY: VOCABULARY_WAIT_SECONDS,
    ErrorKind.REFUSED: STUCK_AFTER_SECONDS,
    ErrorKind.UNAVAILABLE: STUCK_AFTER_SECONDS,
}
"""How long each kind of refusal may last until the recording is rejected or an alarm is raised."""

_VOCABULARY = "vocabulary_name"


def decided(fault: ErrorKind, own: Collection[str], waited: float) -> ErrorKind | Rejected:
    """The kind of error as which a recording is deferred, or its rejection.

    `own` are the settings in which the recording differs from its profile. The uploader can correct those, and the
    operator all others. `waited` is for how many seconds Transcribe has refused the recording for this reason.

    >>> decided(ErrorKind.VOCABULARY_NOT_READY, {"vocabulary_name"}, 60) is ErrorKind.VOCABULARY_NOT_READY
    True
    """
    over = waited > WAIT_SECONDS.get(fault, waited)
    if fault is ErrorKind.VOCABULARY and _VOCABULARY in own:
        return Rejected("InvalidSetting", "Correct the object's metadata: it names no usable vocabulary.")
    if fault is ErrorKind.VOCABULARY_NOT_READY and _VOCABULARY not in own:
        return ErrorKind.VOCABULARY
    if fault is ErrorKind.VOCABULARY_NOT_READY and over:
        return Rejected(
            "InvalidSetting",
            "The vocabulary that the object's metadata names is not ready. Wait until its state is READY, or name "
            "another one, then upload the recording again.",
        )
    if fault is ErrorKind.SETTING:
        return _setting(own)
    if fault is ErrorKind.REFUSED and over:
        return Rejected(
            "RefusedByTranscribe",
            "Transcribe has refused this recording for a day. Upload it again, without settings in its metadata if "
            "it has any; if that does not help, send the version id to your operator.",
        )
    return ErrorKind.CONFIGURATION if fault is ErrorKind.UNAVAILABLE and over else fault


def _setting(own: Collection[str]) -> ErrorKind | Rejected:
    """Transcribe does not accept a setting. If it is not the uploader's own, an operator has to correct the profile."""
    if not own:
        return ErrorKind.CONFIGURATION
    named = ", ".join(sorted(setting.replace("_", "-") for setting in own))
    return Rejected(
        "InvalidSetting", f"Correct the object's metadata: Transcribe does not accept these settings together: {named}."
    )
