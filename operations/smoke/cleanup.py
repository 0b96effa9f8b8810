"""What a run leaves while it lasts, by names it can be found again by, and how that goes."""

from collections.abc import Callable, Iterator
from contextlib import suppress

from botocore.exceptions import BotoCoreError, ClientError

from operations import errors, recordings
from operations import notification_probe as ears
from operations.deployment import Deployment
from operations.erasure import Eraser
from operations.erasure_certificate import Certificate
from operations.errors import CommandError, unless_denied
from operations.object_locks import Locked
from operations.recordings import Recording
from operations.smoke.report import Outcome, Trial
from stethoscript import jobs
from stethoscript.uploads import Upload

NAME = "Stethoscript smoke test"
_FORGOTTEN_SECONDS = 3600

MakeEraser = Callable[[Deployment], Eraser]


def file(token: str, kind: str) -> str:
    """What an upload is called: with a space, a plus sign and an é, since keys have them."""
    return f"{NAME} {token} + {kind} é.wav"


def ear(deployment: Deployment, token: str = "") -> str:
    """What a run's queue is called; without a token, how all of them begin."""
    return f"{deployment.name}-smoke-{token}"


def erase(deployment: Deployment, profile: str, make: MakeEraser, token: str, certificates: list[Certificate]) -> Trial:
    """Erase what a run has uploaded; certificates are added one by one."""
    what, eraser = "What was uploaded is erased", make(deployment)
    left, locked = list[str](), list[str]()
    try:
        uploaded = list(_uploads(deployment, profile, lambda key, _since: token in key))
    except (CommandError, ClientError, BotoCoreError) as error:
        return Trial(what, Outcome.FAILED, f"What there is cannot be seen. {errors.sentence(error)}")
    for recording in uploaded:
        try:
            eraser.check([recording])
            certificates.append(eraser.erase(recording))
        except Locked as lock:
            locked.append(str(lock))
        except (CommandError, ClientError, BotoCoreError) as error:
            left.append(f"{recording.name}: {errors.sentence(error)}")
    if left:
        return Trial(what, Outcome.FAILED, " ".join(left))
    if locked:
        return Trial(what, Outcome.UNTRIED, f"{locked[0]} The first smoke test after that does.")
    return Trial(what, Outcome.PROVED, f"{len(certificates)} recordings, certified")


def remove_forgotten(deployment: Deployment, profile: str, make: MakeEraser, now: float) -> None:
    """Take away what a run left behind that was ended without a chance to; who may not look leaves it there."""
    before = now - _FORGOTTEN_SECONDS
    for name in unless_denied(lambda: ears.forgotten(deployment, ear(deployment), before), otherwise=[]):
        ears.remove(deployment, name)
    eraser = make(deployment)
    for each in {prefix.rstrip("/") for prefix in (profile, *deployment.profiles())}:
        for recording in _uploads(deployment, each, lambda _key, since: since < before):
            with suppress(Locked):
                eraser.check([recording])
                eraser.erase(recording)


def _uploads(deployment: Deployment, profile: str, wanted: Callable[[str, float], bool]) -> Iterator[Recording]:
    """The recordings that runs have uploaded, by key and time."""
    found = recordings.versions(deployment, deployment.intake, f"{profile.rstrip('/')}/{NAME} ")
    for each in [each for each in found if "Size" in each and wanted(each["Key"], each["LastModified"].timestamp())]:
        upload = Upload(deployment.intake, each["Key"], each["VersionId"])
        yield recordings.find(deployment, jobs.recording(deployment.name, upload))
