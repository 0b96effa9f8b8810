"""Writes the page's sections beside the words: recording data, notes, the legend and the switches."""

from collections.abc import Iterator, Mapping

from documents import plain_text
from documents.reader.escaping import text as escaped
from documents.recording_info import RecordingInfo
from stethoscript.confidence import LIKELY, SURE, Band, level
from stethoscript.transcript import Transcript

_SPECIALTIES = {"PRIMARYCARE": "Primary care"}
_LONG = ("Uploaded as", "Job")


def parts(transcript: Transcript, info: RecordingInfo) -> Mapping[str, str]:
    """The values for the page's template. The title has no patient data, because browsers keep it in their history."""
    unsure = sum(level(word.confidence) in (Band.MEDIUM, Band.LOW) for word in transcript.words)
    return {
        "title": escaped(f"Transcript {info.job[-8:]}, {info.arrived:%Y-%m-%d}"),
        "kind": escaped(f"{info.job_settings.type.capitalize()} transcript"),
        "name": escaped(name(info)),
        "warning": f'<p class="warning" role="note">{escaped(info.incomplete)}</p>' if info.incomplete else "",
        "facts": "\n".join(_facts(transcript, info)),
        "notes": "\n".join(f'<p class="note">{escaped(note)}</p>' for note in transcript.notes),
        "unsure": str(unsure),
        "legend": _legend(transcript),
        "switches": "".join(_switches(transcript)),
    }


def name(info: RecordingInfo) -> str:
    """The recording's file name."""
    return info.source.rpartition("/")[2] or info.source


def _facts(transcript: Transcript, info: RecordingInfo) -> Iterator[str]:
    ends = [word.end for word in transcript.words if word.end is not None]
    told = {
        "Received": f"{info.arrived.day} {info.arrived:%b %Y, %H:%M} UTC",
        "Type": info.job_settings.type.capitalize(),
        "Specialty": _SPECIALTIES.get(info.job_settings.specialty, info.job_settings.specialty),
        "Profile": info.profile,
        "Reference": info.correlation_id,
        "Length": info.length,
        "Words": f"{len(transcript.words):,}",
        "Speech until": plain_text.clock(max(ends)) if ends else None,
        "Uploaded as": info.source,
        "Job": info.job,
    }
    for heading, fact in told.items():
        if fact is not None:
            width = ' class="wide"' if heading in _LONG else ""
            yield f"<div{width}><dt>{heading}</dt><dd><bdi>{escaped(fact)}</bdi></dd></div>"


def _legend(transcript: Transcript) -> str:
    if not transcript.words:
        return ""
    return (
        f'<p class="legend"><span><u>unsure</u> below {SURE:.0%}</span> '
        f'<span><u class="very">very unsure</u> below {LIKELY:.0%}</span></p>'
    )


def _switches(transcript: Transcript) -> Iterator[str]:
    if transcript.words:
        yield _switch("mark-unsure", "Mark unsure words", " checked")
    if transcript.identified:
        yield _switch("mark-phi", "Mark health information")


def _switch(called: str, label: str, state: str = "") -> str:
    return f'<label class="switch"><input id="{called}" type="checkbox"{state}> {label}</label>'
