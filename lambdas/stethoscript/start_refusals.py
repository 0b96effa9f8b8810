"""What becomes of a recording whose job Transcribe refuses to start: it waits, or it is rejected with a remedy."""

from collections.abc import Collection, Mapping

from stethoscript.faults import Fault
from stethoscript.rejections import Rejected
from stethoscript.rows import STUCK_SECONDS

VOCABULARY_WAIT_SECONDS = 3600
"""How long a recording waits for its uploader's own vocabulary: AWS builds one within minutes."""
WAIT_SECONDS: Mapping[Fault, int] = {
    Fault.VOCABULARY_NOT_READY: VOCABULARY_WAIT_SECONDS,
    Fault.REFUSED: STUCK_SECONDS,
    Fault.UNAVAILABLE: STUCK_SECONDS,
}
"""How long each refusal may go on until waiting longer is in vain."""

_VOCABULARY = "vocabulary_name"


def decided(fault: Fault, own: Collection[str], waited: float) -> Fault | Rejected:
    """The fault as which a recording is deferred, or its rejection.

    `own` are the settings in which the recording differs from its profile: those are its uploader's to mend, all
    others the operator's. `waited` is for how many seconds Transcribe has refused it for this reason.

    >>> decided(Fault.VOCABULARY_NOT_READY, {"vocabulary_name"}, 60) is Fault.VOCABULARY_NOT_READY
    True
    """
    over = waited > WAIT_SECONDS.get(fault, waited)
    if fault is Fault.VOCABULARY and _VOCABULARY in own:
        return Rejected("BadSetting", "Correct the object's metadata: there is no usable vocabulary of that name.")
    if fault is Fault.VOCABULARY_NOT_READY and _VOCABULARY not in own:
        return Fault.VOCABULARY
    if fault is Fault.VOCABULARY_NOT_READY and over:
        return Rejected(
            "BadSetting",
            "The vocabulary that the object's metadata names is not ready. Wait until its state is READY, or name "
            "another one, then upload the recording again.",
        )
    if fault is Fault.SETTING:
        return _setting(own)
    if fault is Fault.REFUSED and over:
        return Rejected(
            "RefusedByTranscribe",
            "Transcribe has refused this recording for a day. Upload it again, without settings in its metadata if "
            "it has any; if that does not help, send the version id to your operator.",
        )
    return Fault.CONFIGURATION if fault is Fault.UNAVAILABLE and over else fault


def _setting(own: Collection[str]) -> Fault | Rejected:
    """Transcribe does not take a setting. Without one of the uploader's own, every such recording would be refused."""
    if not own:
        return Fault.CONFIGURATION
    named = ", ".join(sorted(setting.replace("_", "-") for setting in own))
    return Rejected(
        "BadSetting", f"Correct the object's metadata: Transcribe does not take these settings together: {named}."
    )
