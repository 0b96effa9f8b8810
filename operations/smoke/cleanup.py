"""What a run makes while it lasts, each by a name that holds the run's token, and how it is removed.

Nothing else is ever removed. Neither age nor a likeness of names proves that a run has ended: another run may take
hours, a clock may be wrong, and others may name their queues and files alike. So a run removes what it has made, and
what a killed run has left goes by `smoke --clean TOKEN`, because only its operator knows that it has ended.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from operations import errors, recordings
from operations import notification_probe as ears
from operations.deployment import Deployment
from operations.erasure import Eraser
from operations.erasure_certificate import Certificate
from operations.errors import CommandError, Misused
from operations.object_locks import Locked
from operations.recordings import Recording
from operations.smoke.report import Outcome, Trial
from stethoscript import jobs
from stethoscript.uploads import Upload

NAME = "Stethoscript smoke test"
KINDS = ("speech", "broken")

MakeEraser = Callable[[Deployment], Eraser]


def file(token: str, kind: str) -> str:
    """What an upload is called: with a space, a plus sign and an é, since keys have them."""
    return f"{NAME} {token} + {kind} é.wav"


def checked(token: str) -> str:
    """A token as a run prints it.

    Raises:
        Misused: it is none.
    """
    if not re.fullmatch(r"[0-9a-f]{8}", token):
        raise Misused("A smoke test's token is 8 digits and letters a to f: the run prints it when it begins.")
    return token


def ear(deployment: Deployment, token: str) -> str:
    """What a run's queue is called."""
    return f"{deployment.name}-smoke-{token}"


def erase(deployment: Deployment, profile: str, make: MakeEraser, token: str, certificates: list[Certificate]) -> Trial:
    """Erase what a run has uploaded; certificates are added one by one."""
    what, eraser = "What was uploaded is erased", make(deployment)
    left, locked = list[str](), list[str]()
    try:
        uploaded = list(_uploads(deployment, profile, token))
    except (CommandError, *errors.AWS_ERRORS) as error:
        return Trial(what, Outcome.FAILED, f"What there is cannot be seen. {errors.sentence(error)}")
    for recording in uploaded:
        try:
            eraser.check([recording])
            certificates.append(eraser.erase(recording))
        except Locked as lock:
            locked.append(str(lock))
        except (CommandError, *errors.AWS_ERRORS) as error:
            left.append(f"{recording.name}: {errors.sentence(error)}")
    if left:
        return Trial(what, Outcome.FAILED, f"{' '.join(left)} Then run `smoke --clean {token}`.")
    if locked:
        return Trial(what, Outcome.UNTRIED, f"{locked[0]} `smoke --clean {token}` does after that.")
    return Trial(what, Outcome.PROVED, f"{len(certificates)} recordings, certified")


def clean(deployment: Deployment, profiles: Iterable[str], make: MakeEraser, token: str) -> Iterator[Trial]:
    """Remove what a run has left that was ended without a chance to: its queue, subscriptions and recordings."""
    what = "The run's queue and subscriptions are removed"
    try:
        ears.remove(deployment, ear(deployment, token))
    except errors.AWS_ERRORS as error:
        yield Trial(what, Outcome.FAILED, errors.sentence(error))
    else:
        yield Trial(what, Outcome.PROVED, ear(deployment, token))
    for profile in profiles:
        certificates: list[Certificate] = []
        yield replace(erase(deployment, profile, make, token, certificates), what=f"Erased under {profile}")


def _uploads(deployment: Deployment, profile: str, token: str) -> Iterator[Recording]:
    """The recordings that the run of this token has uploaded."""
    for kind in KINDS:
        key = f"{profile.rstrip('/')}/{file(token, kind)}"
        for each in recordings.of_key(deployment, deployment.intake, key):
            if "Size" in each:
                upload = Upload(deployment.intake, key, each["VersionId"])
                yield recordings.find(deployment, jobs.recording(deployment.name, upload))
