"""The status of a deployment at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from operations import medical_jobs, queues, recordings
from operations.deployment import Deployment
from operations.queues import Depth
from operations.time_format import iso
from stethoscript.ledger_row import LedgerRow, State


@dataclass(frozen=True)
class DeploymentStatus:
    """Recordings by state, the two queues, and Transcribe's running jobs and quota."""

    name: str
    states: Mapping[State, int]
    queues: tuple[Depth, ...]
    running: int
    quota: int | None
    waiting_longest: LedgerRow | None

    def plain(self) -> Mapping[str, Any]:
        """Fit for JSON."""
        longest = self.waiting_longest
        return {
            "deployment": self.name,
            "states": {str(state): number for state, number in self.states.items()},
            "queues": {
                each.name: {
                    "waiting": each.waiting,
                    "delayed": each.delayed,
                    "inHand": each.in_hand,
                    "oldestSeconds": each.oldest_seconds,
                    "deadLetters": each.dead,
                }
                for each in self.queues
            },
            "transcribe": {"inProgress": self.running, "quota": self.quota},
            "waitingLongest": {"job": longest.job, "since": iso(recordings.began(longest))} if longest else None,
        }


def look(deployment: Deployment) -> DeploymentStatus:
    """Read the status of a deployment."""
    return DeploymentStatus(
        deployment.name,
        {state: deployment.ledger.count(state) for state in State},
        tuple(queues.depth(deployment, name) for name in queues.NAMES),
        medical_jobs.running(deployment.client),
        deployment.quota(),
        recordings.longest_waiting(deployment),
    )
