"""Record the functions' calls of AWS during other tests, to compare them with the functions' permissions."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from botocore import xform_name

FUNCTIONS = ("start_transcription", "deliver_transcript", "reconcile")
NOTED: list["Call"] = []
"""The calls in this run of the tests."""
_LAMBDAS = Path(__file__).parents[1] / "lambdas"


@dataclass(frozen=True)
class Call:
    """A call of a function: `s3.head_object` and its arguments."""

    function: str
    operation: str
    arguments: Mapping[str, Any]


def note(client: Any) -> Any:
    """Record the calls of a client by the functions, and not those by a test."""

    def noted(params: dict[str, Any], model: Any, **_event: Any) -> None:
        asked(f"{model.service_model.service_name}.{xform_name(model.name)}", params)

    client.meta.events.register("provide-client-params", noted)
    return client


def asked(operation: str, arguments: Mapping[str, Any]) -> None:
    """Record a call if it is by one of the functions."""
    if function := _calling():
        NOTED.append(Call(function, operation, dict(arguments)))


def _calling() -> str | None:
    """The calling function, unless a test calls while the function waits."""
    frame = sys._getframe()  # noqa: SLF001 - nothing else tells who called
    while frame := frame.f_back:
        if caller := _caller(frame.f_code.co_filename):
            return caller if caller in FUNCTIONS else None
    return None


@cache
def _caller(file: str) -> str:
    """The function or the test of this file; nothing for any other file."""
    path = Path(file)
    ours = path.parent == _LAMBDAS and path.stem in FUNCTIONS
    return path.stem if ours or path.stem.startswith("test_") else ""
