"""The settings of one run of the cloud, from its command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.transcribe_medical.fault_injection import FaultRates, InvalidFaultRates

# Events on EventBridge for each finished job. AWS documents no such event; EventBridge may deliver any event twice.
EVENTS_PER_JOB = {"off": 0, "on": 1, "doubled": 2}


@dataclass(frozen=True)
class Settings:
    """The settings of one run of the cloud."""

    port: int
    state: Path
    fresh: bool
    engine: str
    completion_events: str
    faults: FaultRates
    calls: Path | None
    requests: Path | None
    ready_file: Path | None
    exit_with_parent: bool

    @property
    def events_per_job(self) -> int:
        """The number of events on EventBridge for each finished job."""
        return EVENTS_PER_JOB[self.completion_events]

    @classmethod
    def read(cls, arguments: Sequence[str] | None = None) -> "Settings":
        """Read the command line. An error ends the process with argparse's message."""
        return cls(**vars(_parser().parse_args(arguments)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.cloud",
        description="An AWS for one laptop: S3, SQS, Lambda and the rest, with Transcribe Medical in it.",
    )
    parser.add_argument(
        "--port",
        type=port_number,
        default=4566,
        help="port on 127.0.0.1; 0 chooses a free port (default 4566)",
    )
    parser.add_argument(
        "--state",
        type=_folder,
        default=_folder("build/cloud"),
        help="state folder, kept between runs (default build/cloud)",
    )
    parser.add_argument("--fresh", action="store_true", help="delete the state of earlier runs")
    parser.add_argument(
        "--engine",
        default="whisper",
        help="recogniser: whisper, whisper:/folder/of/a/model, or scripted (default whisper)",
    )
    parser.add_argument(
        "--completion-events",
        choices=EVENTS_PER_JOB,
        default="off",
        help="send an event to EventBridge for each finished job; AWS documents no such event (default off)",
    )
    parser.add_argument(
        "--faults",
        type=_fault_rates,
        default=FaultRates(),
        metavar="FILE.json|KEY=VALUE,…",
        help="faults of Transcribe Medical and their probabilities, see docs/local-mode.md (default none)",
    )
    parser.add_argument(
        "--calls",
        type=_folder,
        metavar="FILE",
        help="append the calls of roles and users, with IAM's decisions, as JSON",
    )
    parser.add_argument(
        "--requests",
        type=_folder,
        metavar="FILE",
        help="append the operations of requests and the names of their parameters, as JSON",
    )
    parser.add_argument(
        "--ready-file", type=_folder, help="write pid, port and endpoint as JSON once the cloud answers"
    )
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when the parent process ends")
    return parser


def port_number(text: str) -> int:
    """Read a port from the command line."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):  # noqa: PLR2004  # TCP's limit
        raise argparse.ArgumentTypeError(f"{text} is not a port; ports go from 0 to 65535")
    return int(text)


def _fault_rates(text: str) -> FaultRates:
    try:
        return FaultRates.read(text)
    except InvalidFaultRates as bad:
        raise argparse.ArgumentTypeError(str(bad)) from bad


def _folder(text: str) -> Path:
    """Make the path absolute without following links, because a linked state folder is refused."""
    return Path(text).expanduser().absolute()
