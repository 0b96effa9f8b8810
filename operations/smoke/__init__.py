"""Proves a deployment by using it: a second of speech and a broken file, from upload to notification, and an alarm.

It leaves nothing behind but two tombstones in the ledger: the queue it listens with, the alarm's state and both
recordings are put right at the end, also of a run that fails or is stopped.
"""

import json
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from operations import errors, evidence, recordings, upload_recordings
from operations import explain as explaining
from operations import notification_probe as ears
from operations.deployment import Deployment
from operations.erasure import Eraser
from operations.erasure_certificate import Certificate
from operations.errors import CommandError, Misused
from operations.interruption import orderly, undisturbed
from operations.notification_probe import NotificationProbe
from operations.smoke import checks, cleanup
from operations.smoke.checks import Seen, look
from operations.smoke.report import Outcome, Report, Trial
from operations.time_format import span
from operations.upload_recordings import UploadedRecording
from stethoscript import profiles
from stethoscript.ledger_row import LedgerRow, State

SPEECH = Path(__file__).parents[1] / "speech.wav"
"""A second and a half of local/recordings/dictation.wav."""
_BROKEN = b"This is no recording."
_REASON = "A smoke test: nothing is wrong, and nothing is to be done."
_PAUSE = 1.0


@dataclass(frozen=True)
class Smoke:
    """One run over a deployment; `eraser` removes what it uploads."""

    deployment: Deployment
    profile: str
    patience: float = 900.0
    with_alarm: bool = True
    settling: float = 10.0
    """Seconds until a new queue and its subscriptions are known everywhere in SQS and SNS."""
    say: Callable[[Trial], None] = lambda _step: None
    now: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep
    eraser: Callable[[Deployment], Eraser] = Eraser
    token: str = field(default_factory=lambda: secrets.token_hex(4))

    def run(self) -> Report:
        """Run all checks, clean up, and return the report.

        Raises:
            KeyboardInterrupt: it was stopped; everything was tidied up before.
        """
        began, trials, certificates = int(self.now()), list[Trial](), list[Certificate]()

        def note(trial: Trial) -> None:
            trials.append(trial)
            self.say(trial)

        with orderly():
            try:
                with ears.listening(self.deployment, cleanup.ear(self.deployment, self.token)) as ear:
                    self.pause(self.settling)
                    for trial in self._trials(ear):
                        note(trial)
            except (CommandError, *errors.AWS_ERRORS) as error:
                note(Trial("The run", Outcome.FAILED, errors.sentence(error)))
            finally:
                with undisturbed():
                    note(cleanup.erase(self.deployment, self.profile, self.eraser, self.token, certificates))
            note(checks.events(self.deployment, began, self.now()))
        return Report.of(self.deployment, began, int(self.now()), trials, certificates)

    # --- the trials ---

    def _trials(self, ear: NotificationProbe) -> Iterator[Trial]:
        with tempfile.TemporaryDirectory() as folder:
            speech, broken = self._upload(Path(folder))
        yield Trial("S3 took a second of speech and a broken file", Outcome.PROVED, "keys with a space, +, é")
        ended = self._ended(speech, broken)
        yield self._end(ended.get(speech.job), speech, State.DELIVERED)
        yield self._end(ended.get(broken.job), broken, State.REJECTED)
        yield self._told(ear, [*ended.values()], speech, broken)
        if row := ended.get(speech.job):
            yield from (look(self.deployment, row) for look in checks.OF_A_RECORDING)
        yield self._alarm(ear)
        yield checks.unknown_job(self.deployment, cleanup.ear(self.deployment, self.token))

    def _upload(self, folder: Path) -> list[UploadedRecording]:
        speech, broken = (folder / cleanup.file(self.token, kind) for kind in cleanup.KINDS)
        speech.write_bytes(SPEECH.read_bytes())
        broken.write_bytes(_BROKEN)
        upload_recordings.check(self.deployment, [speech], self.profile, self._correlation("speech"))
        return [
            upload_recordings.send(self.deployment, path, self.profile, self._correlation(kind), lambda _sent: None)
            for path, kind in ((speech, "speech"), (broken, "broken"))
        ]

    def _ended(self, *sent: UploadedRecording) -> Mapping[str, LedgerRow]:
        """The rows of those that came to their end in time."""
        found: dict[str, LedgerRow] = {}

        def all_ended() -> bool:
            known = self.deployment.ledger.rows([each.job for each in sent])
            found.update({name: row for name, row in known.items() if not row.open})
            return len(found) == len(sent)

        self._until(all_ended)
        return found

    def _end(self, row: LedgerRow | None, sent: UploadedRecording, wanted: State) -> Trial:
        kind = "The speech" if wanted is State.DELIVERED else "The broken file"
        what = f"{kind} was {wanted}"
        if row is None:
            return Trial(what, Outcome.FAILED, f"It has come to no end in {span(self.patience)}. {self._why(sent)}")
        if row.state is not wanted:
            return Trial(what, Outcome.FAILED, f"It is {row.state}: {row.reason}. {row.remedy}")
        detail = f"{span(row.updated - row.received)} after it was first looked at"
        return Trial(what, Outcome.PROVED, detail + (f"; {row.reason}" if row.reason else ""))

    def _told(self, ear: NotificationProbe, ended: list[LedgerRow], *sent: UploadedRecording) -> Trial:
        what, ids = "Subscribers were told of both", [self._correlation(kind) for kind in cleanup.KINDS]

        def both() -> bool:
            ear.listen()
            return all(ear.of("correlationId", each) for each in ids)

        if len(ended) < len(sent):
            return Trial(what, Outcome.UNTRIED, "not both came to their end")
        if not self._until(both):
            return Trial(what, Outcome.FAILED, "The ledger knows their end, and the completion topic told nobody.")
        said = [told for each in ids for told in ear.of("correlationId", each)]
        if cleanup.NAME in json.dumps(said):
            return Trial(what, Outcome.FAILED, "A notification carries the upload's key.")
        if {told["status"] for told in said} != {str(row.state) for row in ended}:
            return Trial(what, Outcome.FAILED, "A notification tells another end than the ledger.")
        return Trial(what, Outcome.PROVED, "by their correlation ids; no key in what was told", ("pipeline",))

    @look("An alarm's action reaches its subscribers", "cloudwatch:DescribeAlarms, cloudwatch:SetAlarmState")
    def _alarm(self, ear: NotificationProbe) -> Seen:
        """Set one off that is not set, see its action arrive, and put its state back."""
        if not self.with_alarm:
            return Outcome.UNTRIED, "left out"
        cloudwatch = self.deployment.client("cloudwatch")
        alarm = next((each for each in self._alarms() if each["StateValue"] != "ALARM"), None)
        if alarm is None:
            return Outcome.FAILED, "There is no alarm that is not set and would tell the operations topic."
        name = alarm["AlarmName"]

        def arrived() -> bool:
            ear.listen()
            return any(told.get("NewStateValue") == "ALARM" for told in ear.of("AlarmName", name))

        try:
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=_REASON)
            came = self._until(arrived)
        finally:
            with undisturbed():
                cloudwatch.set_alarm_state(AlarmName=name, StateValue=alarm["StateValue"], StateReason=_REASON)
        if not came:
            return Outcome.FAILED, f"{name} was set, and its action did not arrive: look at the key's policy."
        return Outcome.PROVED, name, "alarm, action"

    def _alarms(self) -> Iterator[Mapping[str, Any]]:
        """The alarms that tell the operations topic."""
        topic = self.deployment.outputs["OperationsTopicArn"]
        pages = self.deployment.client("cloudwatch").get_paginator("describe_alarms")
        for page in pages.paginate(AlarmNamePrefix=f"{self.deployment.name}-"):
            yield from (
                each for each in page["MetricAlarms"] if each["ActionsEnabled"] and topic in each["AlarmActions"]
            )

    # --- helpers ---

    def _correlation(self, kind: str) -> str:
        return f"smoke-{self.token}-{kind}"

    def _until(self, ready: Callable[[], bool]) -> bool:
        deadline = self.now() + self.patience
        while not ready():
            if self.now() >= deadline:
                return False
            self.pause(_PAUSE)
        return True

    def _why(self, sent: UploadedRecording) -> str:
        """What `explain` says of a recording that does not move."""
        try:
            found = recordings.find(self.deployment, sent.job)
            why = explaining.explain(evidence.gather(self.deployment, found, self.now()))
        except (CommandError, *errors.AWS_ERRORS) as error:
            return f"`explain {sent.job}` says why. {errors.sentence(error)}"
        return f"{why.sentence} {why.remedy}"


def usual_profile(deployment: Deployment) -> str:
    """The first profile that takes a recording with one channel.

    Raises:
        Misused: there is none, or we may not see the profiles.
    """
    known = profiles.from_json(deployment.settings().get("PROFILES", "{}"))
    for each in known:
        if not each.job_settings.channel_identification:
            return each.name
    raise Misused("No profile of this deployment takes one channel, as far as can be seen: name one with --profile.")
