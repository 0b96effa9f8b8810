"""The table of recognition engines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.recogniser.requests_and_results import EngineNotReady, Recognise


@dataclass(frozen=True)
class Engine:
    """A loaded recogniser and its name."""

    name: str
    recognise: Recognise


def load(choice: str) -> Engine:
    """Load "<engine>" or "<engine>:<argument>".

    Raises:
        EngineNotReady: with the remedy.
    """
    name, _, argument = choice.partition(":")
    if name not in ENGINES:
        raise EngineNotReady(f"There is no engine {name!r}; choose one of: {', '.join(ENGINES)}.")
    try:
        return ENGINES[name](argument)
    except ModuleNotFoundError as error:
        raise EngineNotReady(f"Python's {error.name} is not installed: run `make install`.") from error


def _whisper(folder: str) -> Engine:
    """Load Whisper with the installed weights, or with those in a folder."""
    from local.recogniser import whisper  # noqa: PLC0415 - its imports take seconds, and other engines do not need them

    loaded = whisper.load(folder)
    return Engine(loaded.name, loaded.recognise)


def _scripted(_: str) -> Engine:
    """Load the test double, which returns the words that a test wrote."""
    from local.recogniser import scripted  # noqa: PLC0415 - only the chosen engine is loaded

    return Engine(scripted.NAME, scripted.recognise)


ENGINES: Mapping[str, Callable[[str], Engine]] = {"whisper": _whisper, "scripted": _scripted}
