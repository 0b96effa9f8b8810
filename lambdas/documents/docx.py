"""Writes a Word document: the recording's data, then the turns. The marks for unsure words are visible in print."""

import io
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_UNDERLINE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Inches, Pt
from lxml.etree import SubElement

from documents import plain_text
from documents.recording_info import RecordingInfo
from stethoscript import confidence
from stethoscript.confidence import LIKELY, SURE, Band
from stethoscript.fields import writing
from stethoscript.transcript import Transcript, Turn, Word

SPEAKER, SPEECH = "Speaker", "Speech"
WARNING = "Warning"
UNSURE, DOUBTFUL = "Unsure", "Doubtful"
MARKS = {Band.MEDIUM: UNSURE, Band.LOW: DOUBTFUL}
_GREY = "D9D9D9"
_VAL = qn("w:val")
_BODY = "word/document.xml"
_WRITTEN = (1980, 1, 1, 0, 0, 0)
"""The earliest time of a zip entry, so that the same transcript gives the same bytes."""


def write(transcript: Transcript, info: RecordingInfo) -> bytes:
    """A docx file. The paragraphs of the style `Speech` hold exactly the words."""
    document = docx.Document()
    _define_styles(document)
    _describe(document, info)
    document.add_heading("Transcript", 1)
    _warn(document, info)
    _tabulate(document, _rows(transcript, info))
    _explain(document)
    for note in transcript.notes:
        document.add_paragraph(note, "List Bullet")
    if not transcript.words:
        document.add_paragraph(plain_text.NO_SPEECH)
    _number_pages(document, info)
    return _packed(document, map(_turn, transcript.turns()))


def _rows(transcript: Transcript, info: RecordingInfo) -> Iterator[tuple[str, str]]:
    yield "Recording", writing(info.source)
    yield "Received", f"{info.arrived:%Y-%m-%d %H:%M} UTC"
    yield "Kind", f"{info.job_settings.type.capitalize()} ({info.job_settings.specialty})"
    yield "Length", info.length or ""
    yield (
        "Last word ends at",
        plain_text.clock(max((w.end for w in transcript.words if w.end is not None), default=None)),
    )
    yield "Words", f"{len(transcript.words):,}"
    yield "Confidence", confidence.band(transcript.words)
    yield "Reference", info.correlation_id or ""
    yield "Job", info.job


def _warn(document: Document, info: RecordingInfo) -> None:
    """Add the warning about a cut-off recording in bold, framed and shaded, before the table."""
    if not info.incomplete:
        return
    warning = document.add_paragraph(style=WARNING)
    warning.add_run(info.incomplete)


def _tabulate(document: Document, rows: Iterable[tuple[str, str]]) -> None:
    table = document.add_table(0, 2)
    table.autofit = False
    widths = Inches(1.5), Inches(4.5)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for name, value in rows:
        if value:
            cells = table.add_row().cells
            for cell, said, width in zip(cells, (name, value), widths, strict=True):
                cell.width = width
                run = cell.paragraphs[0].add_run(said)
                run.bold = said is name
                run.font.size = Pt(9) if name == "Job" else None  # so that it fits in one line
                cell.paragraphs[0].paragraph_format.space_after = Pt(2)


def _explain(document: Document) -> None:
    legend = document.add_paragraph("Written by speech recognition, not reviewed by a person. ")
    legend.paragraph_format.space_before = Pt(10)
    legend.add_run("Dotted words", UNSURE)
    legend.add_run(f" were recognised with a confidence below {SURE:.0%}, ")
    legend.add_run("grey words", DOUBTFUL)
    legend.add_run(f" with one below {LIKELY:.0%}.")


def _turn(turn: Turn) -> str:
    """The XML of a turn. Text is used because 600,000 turns as objects of python-docx take 2 GB."""
    about = "  ".join(filter(None, (plain_text.speaker(turn.speaker), plain_text.clock(turn.start))))
    said = groupby(_pieces(turn.words), key=itemgetter(1))
    runs = "".join(_run("".join(piece for piece, _ in pieces), style) for style, pieces in said)
    return _paragraph(SPEAKER, _run(about, "")) + _paragraph(SPEECH, runs)


def _paragraph(style: str, runs: str) -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{runs}</w:p>'


def _run(said: str, style: str) -> str:
    marked = f'<w:rPr><w:rStyle w:val="{style}"/></w:rPr>' if style else ""
    return f'<w:r>{marked}<w:t xml:space="preserve">{escape(said)}</w:t></w:r>'


def _pieces(words: Iterable[Word]) -> Iterator[tuple[str, str]]:
    """The words and spaces, each with its style. A space has a style only between words of the same style."""
    before = None
    for word in words:
        style = MARKS.get(confidence.level(word.confidence), "")
        if before is not None:
            yield " ", style if style == before else ""
        yield word.text + word.punctuation, style
        before = style


def _define_styles(document: Document) -> None:
    styles: Any = document.styles
    styles["Normal"].font.name = "Calibri"
    speaker = styles.add_style(SPEAKER, WD_STYLE_TYPE.PARAGRAPH)
    speaker.base_style = styles["Normal"]
    speaker.font.bold, speaker.font.size = True, Pt(9)
    speaker.paragraph_format.keep_with_next, speaker.paragraph_format.space_after = True, Pt(0)
    speech = styles.add_style(SPEECH, WD_STYLE_TYPE.PARAGRAPH)
    speech.base_style, speech.paragraph_format.space_after = styles["Normal"], Pt(8)
    warning = styles.add_style(WARNING, WD_STYLE_TYPE.PARAGRAPH)
    warning.base_style = styles["Normal"]
    warning.font.bold, warning.paragraph_format.space_after = True, Pt(10)
    frame = OxmlElement("w:pBdr")
    for side in ("top", "left", "bottom", "right"):
        SubElement(frame, qn(f"w:{side}"), {_VAL: "single", qn("w:sz"): "18", qn("w:space"): "4"})
    spacing = warning.element.get_or_add_pPr().get_or_add_spacing()  # the schema requires it last
    spacing.addprevious(frame)
    spacing.addprevious(OxmlElement("w:shd", {_VAL: "clear", qn("w:fill"): _GREY}))
    styles.add_style(UNSURE, WD_STYLE_TYPE.CHARACTER).font.underline = WD_UNDERLINE.DOTTED
    doubtful = styles.add_style(DOUBTFUL, WD_STYLE_TYPE.CHARACTER)
    doubtful.font.underline = WD_UNDERLINE.DOUBLE
    SubElement(doubtful.element.rPr, qn("w:shd"), {_VAL: "clear", qn("w:fill"): _GREY})


def _describe(document: Document, info: RecordingInfo) -> None:
    about = document.core_properties
    about.title, about.author, about.last_modified_by, about.comments = "Transcript", "Stethoscript", "", info.job
    about.created = about.modified = info.arrived


def _number_pages(document: Document, info: RecordingInfo) -> None:
    footer = document.sections[0].footer.paragraphs[0]
    footer.add_run(f"{info.job}, page ").font.size = Pt(8)
    for field, following in (("PAGE", " of "), ("NUMPAGES", "")):
        footer._p.append(OxmlElement("w:fldSimple", {qn("w:instr"): field}))  # noqa: SLF001 - there is no other way
        footer.add_run(following).font.size = Pt(8)


def _packed(document: Document, turns: Iterable[str]) -> bytes:
    """The file's bytes. The turns come before the section's properties, which end the body."""
    saved, packed = io.BytesIO(), io.BytesIO()
    document.save(saved)
    with ZipFile(saved) as parts, ZipFile(packed, "w") as still:
        for name in parts.namelist():
            info = ZipInfo(name, _WRITTEN)
            info.compress_type = ZIP_DEFLATED
            before, section, rest = parts.read(name).rpartition(b"<w:sectPr" if name == _BODY else b"\0")
            with still.open(info, "w") as part:
                part.write(before)
                for turn in turns if name == _BODY else ():
                    part.write(turn.encode())
                part.write(section + rest)
    return packed.getvalue()
