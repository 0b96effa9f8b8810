"""Read each document format back: its words with their punctuation, in order, split at spaces."""

import base64
import csv
import html
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

import docx
import html5lib
import webvtt

from documents.masked_text import WARNING
from documents.plain_text import speaker
from stethoscript.transcript import Transcript, Word

Reader = Callable[[bytes, Transcript], list[str]]


def tokens(words: Sequence[Word]) -> list[str]:
    """The words as a reader of the document sees them. A space inside a word counts like any other."""
    return " ".join(word.text + word.punctuation for word in words).split()


def txt(body: bytes, _transcript: Transcript) -> list[str]:
    """A paragraph of two lines is a turn; notes have one line."""
    turns = [block.split("\n") for block in body.decode().removesuffix("\n").split("\n\n")]
    return [token for turn in turns if len(turn) == 2 for token in turn[1].split()]


def paper(body: bytes, _transcript: Transcript) -> list[str]:
    return [token for each in docx.Document(io.BytesIO(body)).paragraphs if each.style.name == "Speech"
            for token in each.text.split()]  # fmt: skip


def vtt(body: bytes, _transcript: Transcript) -> list[str]:
    captions = webvtt.from_buffer(io.StringIO(body.decode()), strict=True).captions
    return [token for each in captions for token in html.unescape(each.text).split()]


def subrip(body: bytes, transcript: Transcript) -> list[str]:
    """A speaker's name is in the cues where the speaker changes."""
    names = {f"{speaker(word.speaker)}: " for word in transcript.words if word.speaker}
    cues = [cue.raw_text for cue in cues_of(body)] if transcript.words else []
    spoken = [next((cue[len(name) :] for name in names if cue.startswith(name)), cue) for cue in cues]
    return " ".join(spoken).replace("\u2060", "").split()


def cues_of(body: bytes) -> list[webvtt.Caption]:
    """The cues of a SubRip file."""
    return list(webvtt.from_buffer(io.StringIO(body.decode()), format="srt"))


def rows(body: bytes) -> list[dict[str, str]]:
    """The table, without the apostrophes that keep cells from being formulas."""
    table = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    return [{name: re.sub("(^|[;| ])'", r"\1", cell) for name, cell in row.items()} for row in table]


def sheet(body: bytes, _transcript: Transcript) -> list[str]:
    return " ".join(row["word"] + row["punctuation"] for row in rows(body)).split()


def page(body: bytes, _transcript: Transcript) -> list[str]:
    """The spoken paragraphs are those with the number of their first word."""
    paragraphs = [
        each for each in html5lib.parse(body, namespaceHTMLElements=False).iter("p") if "data-w" in each.attrib
    ]
    return [token for each in paragraphs for token in "".join(each.itertext()).split()]


def structured(body: bytes, _transcript: Transcript) -> list[str]:
    return " ".join(word["text"] + word["punctuation"] for word in json.loads(body)["words"]).split()


def fhir(body: bytes, transcript: Transcript) -> list[str]:
    attachment = json.loads(body)["content"][0]["attachment"]
    return txt(base64.b64decode(attachment["data"], validate=True), transcript)


def masked(body: bytes, transcript: Transcript) -> list[str]:
    """Each bracket replaces the words that it hides. They are put back, so that nothing else may differ."""
    read = txt(body.removeprefix(WARNING.encode()), transcript)
    found: list[str] = []
    for turn in transcript.turns():
        for category, group in groupby(turn.words, key=lambda word: word.category):
            words = list(group)
            if category:
                assert read.pop(0) == f"[{category.upper()}]{words[-1].punctuation}"
                found += tokens(words)
            else:
                found += [read.pop(0) for _ in tokens(words)]
    return found + read


READERS: Mapping[str, Reader] = {
    "txt": txt,
    "docx": paper,
    "vtt": vtt,
    "srt": subrip,
    "csv": sheet,
    "html": page,
    "json": structured,
    "fhir": fhir,
    "masked.txt": masked,
}
