"""Sentences for documents, notifications and e-mails: the audio's length, and whether it is cut off or silent."""

from typing import Any

from stethoscript.audio_info import AudioInfo

COMPLETE, INCOMPLETE, UNKNOWN = "complete", "incomplete", "unknown"
NO_SPEECH = "No speech was found in the recording."
_ADVICE = "The end of the speech is missing. Upload the recording again if you have a complete file."


def clock(seconds: float) -> str:
    """A length in seconds as minutes and seconds, with hours from one hour on.

    >>> clock(16.9), clock(69), clock(3725.9)
    ('0:16', '1:09', '1:02:05')
    """
    minutes, second = divmod(int(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def length(audio: AudioInfo) -> str | None:
    """The audio's length for people; None if it is unknown.

    >>> length(AudioInfo(16.9, declared_seconds=69.0, cut_off=True)), length(AudioInfo(17.6)), length(AudioInfo())
    ('0:16 of 1:09', '0:17', None)
    >>> length(AudioInfo(declared_seconds=69.0))
    '1:09 (by its header)'
    """
    if audio.seconds is not None:
        return f"{clock(audio.seconds)}{_of(audio) if audio.cut_off else ''}"
    return None if audio.declared_seconds is None else f"{clock(audio.declared_seconds)} (by its header)"


def incomplete(audio: AudioInfo) -> str | None:
    """The warning about a recording that is cut off; None otherwise.

    >>> incomplete(AudioInfo(16.9, declared_seconds=69.0, cut_off=True)).partition(". ")[0]
    'The recording is incomplete: its file ends at about 0:16 of 1:09'
    >>> incomplete(AudioInfo(16.9, cut_off=True)).partition(". ")[0]
    'The recording is incomplete: its file ends too early, at about 0:16'
    >>> incomplete(AudioInfo(declared_seconds=69.0, cut_off=True)).partition(". ")[0]
    'The recording is incomplete: its file ends before the 1:09 that its header declares'
    """
    if not audio.cut_off:
        return None
    if audio.seconds is not None and _of(audio):
        ends = f"at about {clock(audio.seconds)}{_of(audio)}"
    elif audio.seconds is not None:
        ends = f"too early, at about {clock(audio.seconds)}"
    elif audio.declared_seconds is not None:
        ends = f"before the {clock(audio.declared_seconds)} that its header declares"
    else:
        ends = "too early"
    return f"The recording is incomplete: its file ends {ends}. {_ADVICE}"


def notes(audio: AudioInfo, words: int | None) -> list[str]:
    """The sentences about the whole recording, the most urgent first.

    >>> notes(AudioInfo(), 0), notes(AudioInfo(cut_off=False), 7)
    (['No speech was found in the recording.'], [])
    """
    return [sentence for sentence in (incomplete(audio), NO_SPEECH if words == 0 else None) if sentence]


def described(audio: AudioInfo) -> dict[str, Any]:
    """The audio's length for programs, in seconds; unknown values are None.

    >>> described(AudioInfo(16.9, declared_seconds=69.0, cut_off=True))
    {'seconds': 16.9, 'declaredSeconds': 69.0, 'complete': False}
    """
    return {
        "seconds": audio.seconds,
        "declaredSeconds": audio.declared_seconds,
        "complete": None if audio.cut_off is None else not audio.cut_off,
    }


def completeness(audio: AudioInfo) -> str:
    """The value of the attribute `audio`, by which subscribers filter.

    >>> completeness(AudioInfo(cut_off=True)), completeness(AudioInfo())
    ('incomplete', 'unknown')
    """
    if audio.cut_off is None:
        return UNKNOWN
    return INCOMPLETE if audio.cut_off else COMPLETE


def _of(audio: AudioInfo) -> str:
    """The declared length, if it is longer than the audio in the file."""
    if audio.declared_seconds is None or audio.declared_seconds <= (audio.seconds or 0.0):
        return ""
    return f" of {clock(audio.declared_seconds)}"
