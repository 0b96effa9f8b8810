"""The recognisers there are to choose from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.recogniser.requests_and_results import EngineNotReady, Recognise


@dataclass(frozen=True)
class Engine:
    """A recogniser that is ready, and its name for the records."""

    name: str
    recognise: Recognise


def load(choice: str) -> Engine:
    """Load "<engine>" or "<engine>:<argument>"; Unready, with the remedy, if that cannot be done."""
    name, _, argument = choice.partition(":")
    if name not in ENGINES:
        raise EngineNotReady(f"There is no engine {name!r}; choose one of: {', '.join(ENGINES)}.")
    try:
        return ENGINES[name](argument)
    except ModuleNotFoundError as error:
        raise EngineNotReady(f"Python's {error.name} is not installed: run `make install`.") from error


def _whisper(folder: str) -> Engine:
    """Whisper, with our own weights or with those in a folder."""
    from local.recogniser import whisper  # noqa: PLC0415 - seconds of imports that other engines do without

    loaded = whisper.load(folder)
    return Engine(loaded.name, loaded.recognise)


def _scripted(_: str) -> Engine:
    """The twin that hears what a test wrote."""
    from local.recogniser import scripted  # noqa: PLC0415 - engines are loaded one at a time, when chosen

    return Engine(scripted.NAME, scripted.recognise)


ENGINES: Mapping[str, Callable[[str], Engine]] = {"whisper": _whisper, "scripted": _scripted}
