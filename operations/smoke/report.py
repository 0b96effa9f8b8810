"""What a run has proved, to keep."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from typing import Any

from operations.deployment import Deployment, is_aws
from operations.erasure_certificate import Certificate
from operations.errors import unless_denied
from operations.smoke.open_questions import QUESTIONS, Question
from operations.time_format import iso


class Outcome(StrEnum):
    """How a trial came out."""

    PROVED = "proved"
    OBSERVED = "observed"
    """Neither right nor wrong, and worth knowing."""
    FAILED = "failed"
    UNTRIED = "not tried"


@dataclass(frozen=True)
class Trial:
    """One thing that was tried; `answers` names the questions that it settles on AWS."""

    what: str
    outcome: Outcome
    detail: str = ""
    answers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """A whole run."""

    deployment: str
    account: str
    by: str
    aws: bool
    began: int
    ended: int
    trials: tuple[Trial, ...]
    certificates: tuple[Certificate, ...]
    versions: Mapping[str, str]

    @classmethod
    def of(
        cls, deployment: Deployment, began: int, ended: int, trials: list[Trial], certificates: list[Certificate]
    ) -> "Report":
        """A run's report, with who ran it and what with."""
        who = unless_denied(lambda: deployment.client("sts").get_caller_identity()["Arn"], otherwise="unknown")
        return cls(
            deployment.name, deployment.account, str(who), is_aws(deployment.client("transcribe")), began, ended,
            tuple(trials), tuple(certificates), _versions(deployment),
        )  # fmt: skip

    @property
    def failed(self) -> bool:
        """Whether anything did not come out as it must."""
        return any(trial.outcome is Outcome.FAILED for trial in self.trials)

    @property
    def unanswered(self) -> Mapping[str, Question]:
        """What only an account can prove, and this run has not; on a laptop, all of it."""
        settled = {name for trial in self.trials if self.aws and _settles(trial) for name in trial.answers}
        return {name: question for name, question in QUESTIONS.items() if name not in settled}

    def plain(self) -> Mapping[str, Any]:
        """Fit for JSON."""
        return {
            "deployment": self.deployment,
            "account": self.account,
            "by": self.by,
            "onAws": self.aws,
            "began": iso(self.began),
            "ended": iso(self.ended),
            "passed": not self.failed,
            "versions": dict(self.versions),
            "trials": [
                {"what": trial.what, "outcome": str(trial.outcome), "detail": trial.detail} for trial in self.trials
            ],
            "unanswered": [
                {"question": question.asks, "byHand": question.by_hand} for question in self.unanswered.values()
            ],
            "erased": [certificate.plain() for certificate in self.certificates],
        }


def _versions(deployment: Deployment) -> dict[str, str]:
    """What this machine ran with, and which code it was that ran."""
    function = f"{deployment.name}-start-transcription"
    found = unless_denied(
        lambda: deployment.client("lambda").get_function_configuration(FunctionName=function), otherwise={}
    )
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("boto3", "botocore")},
        **{name: found[name] for name in ("Runtime", "CodeSha256") if name in found},
    }


def _settles(trial: Trial) -> bool:
    return trial.outcome in (Outcome.PROVED, Outcome.OBSERVED)
