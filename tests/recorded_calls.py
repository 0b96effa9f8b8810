"""Notes what the functions ask of AWS while other tests run, so that it can be held against their rights."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from botocore import xform_name

FUNCTIONS = ("start_transcription", "deliver_transcript", "reconcile")
NOTED: list["Call"] = []
"""The calls that were noted in this run of the tests."""
_LAMBDAS = Path(__file__).parents[1] / "lambdas"


@dataclass(frozen=True)
class Call:
    """A call of a function's: `s3.head_object` and what it was given."""

    function: str
    operation: str
    arguments: Mapping[str, Any]


def note(client: Any) -> Any:
    """Note what a client is asked for by the functions, and not by a test itself."""

    def noted(params: dict[str, Any], model: Any, **_event: Any) -> None:
        asked(f"{model.service_model.service_name}.{xform_name(model.name)}", params)

    client.meta.events.register("provide-client-params", noted)
    return client


def asked(operation: str, arguments: Mapping[str, Any]) -> None:
    """Note what is asked, if it is by one of the functions."""
    if function := _calling():
        NOTED.append(Call(function, operation, dict(arguments)))


def _calling() -> str | None:
    """The function that calls, unless it is a test that does while the function waits."""
    frame = sys._getframe()  # noqa: SLF001 - nothing else tells who called
    while frame := frame.f_back:
        if caller := _caller(frame.f_code.co_filename):
            return caller if caller in FUNCTIONS else None
    return None


@cache
def _caller(file: str) -> str:
    """The function or the test whose file this is; nothing for any other."""
    path = Path(file)
    ours = path.parent == _LAMBDAS and path.stem in FUNCTIONS
    return path.stem if ours or path.stem.startswith("test_") else ""
