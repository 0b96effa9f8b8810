"""What one run of the cloud is told on its command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.transcribe_medical.fault_injection import FaultRates, InvalidFaultRates

# How often a finished job is told to EventBridge: AWS documents no such event, and a bus may deliver any one twice.
EVENTS_PER_JOB = {"off": 0, "on": 1, "doubled": 2}


@dataclass(frozen=True)
class Settings:
    """One run of the cloud: where it listens, what it remembers, what hears for it."""

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
        """How often a finished job is told to EventBridge."""
        return EVENTS_PER_JOB[self.completion_events]

    @classmethod
    def read(cls, arguments: Sequence[str] | None = None) -> "Settings":
        """Read the command line; a mistake ends the process with argparse's own sentence."""
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
        help="where to listen on 127.0.0.1; 0 takes any free port (default 4566)",
    )
    parser.add_argument(
        "--state", type=_folder, default=_folder("build/cloud"), help="what is kept between runs (default build/cloud)"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs kept there")
    parser.add_argument(
        "--engine",
        default="whisper",
        help="what hears the recordings: whisper, whisper:/folder/of/a/model, or scripted (default whisper)",
    )
    parser.add_argument(
        "--completion-events",
        choices=EVENTS_PER_JOB,
        default="off",
        help="whether a finished job is also told to EventBridge; AWS documents no such event (default off)",
    )
    parser.add_argument(
        "--faults",
        type=_fault_rates,
        default=FaultRates(),
        metavar="FILE.json|KEY=VALUE,…",
        help="what goes wrong with Transcribe Medical, and how often, as docs/local-mode.md says (default nothing)",
    )
    parser.add_argument(
        "--calls", type=_folder, metavar="FILE", help="append what roles and users ask of IAM, and its answers, as JSON"
    )
    parser.add_argument(
        "--requests",
        type=_folder,
        metavar="FILE",
        help="append which operations are asked with which parameters, as JSON",
    )
    parser.add_argument(
        "--ready-file", type=_folder, help="written once the cloud answers: pid, port, endpoint as JSON"
    )
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when the process that started it ends")
    return parser


def port_number(text: str) -> int:
    """A port of the command line."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):  # noqa: PLR2004  # TCP's own bound
        raise argparse.ArgumentTypeError(f"{text} is not a port; ports go from 0 to 65535")
    return int(text)


def _fault_rates(text: str) -> FaultRates:
    try:
        return FaultRates.read(text)
    except InvalidFaultRates as bad:
        raise argparse.ArgumentTypeError(str(bad)) from bad


def _folder(text: str) -> Path:
    """Make the path absolute without following links, so that a linked folder can still be told from a real one."""
    return Path(text).expanduser().absolute()
