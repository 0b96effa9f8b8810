"""Refuses formats that Transcribe does not accept, by their first bytes: other audio formats, and other files.

A refusal names the detected format. The table holds only bytes with which no accepted format begins.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from stethoscript.rejections import Rejected

TAKEN = "WAV, FLAC, MP3, MP4, M4A, Ogg, WebM or AMR-WB"
_CONVERT = f"Convert it, or set the recorder, to one of {TAKEN}."
_NO_AUDIO = f"Send the recording itself, as {TAKEN}."
_SAMPLE_BYTES = 1024
_TEXT_BYTES = 8
_FORM = re.compile(rb"--[^\r\n]{1,200}\r?\ncontent-disposition:", re.IGNORECASE)
_MARKUP = re.compile(rb"\s*<(!doctype|html|head|body|\?xml|svg|script|error)", re.IGNORECASE)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_TS_PACKET, _TS_PACKETS = 188, 4


@dataclass(frozen=True)
class _Mark:
    """The bytes at an offset, the format they prove, and the remedy."""

    what: str
    magic: bytes
    offset: int = 0
    remedy: str = _CONVERT


def _no_audio(what: str, magic: bytes, offset: int = 0) -> _Mark:
    return _Mark(what, magic, offset, _NO_AUDIO)


_WAV_INSTEAD = "Set the recorder or editor to write plain WAV (RIFF), which holds 4 GB, or send FLAC."
_MARKS = (
    _Mark("an RF64 file, WAV's form for more than 4 GB", b"RF64", 0, _WAV_INSTEAD),
    _Mark("a BW64 file, WAV's form for more than 4 GB", b"BW64", 0, _WAV_INSTEAD),
    _Mark("a RIFX file, WAV with its bytes in the other order", b"RIFX", 0, _WAV_INSTEAD),
    _Mark("a Wave64 file", b"riff\x2e\x91\xcf\x11", 0, _WAV_INSTEAD),
    _Mark("an AIFF file", b"AIFF", 8),
    _Mark("an AIFF-C file", b"AIFC", 8),
    _Mark("a CAF file", b"caff\0\1"),
    _Mark("an AU file", b".snd\0\0"),
    _Mark("a DSS dictation", b"\2dss"),
    _Mark("a DSS dictation", b"\3dss"),
    _Mark("a DS2 dictation (DSS Pro)", b"\3ds2"),
    _Mark("a DS2 dictation (DSS Pro)", b"\7ds2"),
    _Mark("an encrypted DS2 dictation (DSS Pro)", b"\1enc", 0, f"Decrypt it in the dictation software. {_CONVERT}"),
    _Mark("an encrypted DS2 dictation (DSS Pro)", b"\3enc", 0, f"Decrypt it in the dictation software. {_CONVERT}"),
    _Mark("a Windows Media file (WMA)", bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")),
    _Mark("an AVI video", b"AVI ", 8),
    _Mark("a QCP voice memo", b"QLCM", 8),
    _Mark("a Flash video", b"FLV\1"),
    _Mark("an MPEG video", b"\0\0\1\xba"),
    _Mark("a RealAudio file", b".RMF\0\0"),
    _Mark("a RealAudio file", b".ra\xfd"),
    _Mark("a SILK voice message", b"#!SILK_V3"),
    _Mark("a SILK voice message", b"\2#!SILK_V3"),
    _Mark("a Monkey's Audio file", b"MAC "),
    _Mark("a WavPack file", b"wvpk"),
    _Mark("a True Audio file", b"TTA1"),
    _Mark("a Musepack file", b"MPCK"),
    _Mark("a Creative Voice file", b"Creative Voice File\x1a"),
    _no_audio("a MIDI file", b"MThd\0\0\0\6"),
    _no_audio("a JPEG image", b"\xff\xd8\xff"),
    _no_audio("a PNG image", b"\x89PNG\r\n\x1a\n"),
    _no_audio("a GIF image", b"GIF8"),
    _no_audio("a WebP image", b"WEBP", 8),
    _no_audio("a TIFF image", b"II*\0"),
    _no_audio("a TIFF image", b"MM\0*"),
    _no_audio("an HEIC image", b"ftypheic", 4),
    _no_audio("an HEIC image", b"ftypheix", 4),
    _no_audio("an HEIC image", b"ftypmif1", 4),
    _no_audio("an AVIF image", b"ftypavif", 4),
    _no_audio("a PDF document", b"%PDF-"),
    _no_audio("a document of an old Office", bytes.fromhex("d0cf11e0a1b11ae1")),
    _no_audio("an RTF document", rb"{\rtf"),
    _no_audio("a ZIP archive, or an Office document", b"PK\3\4"),
    _no_audio("a RAR archive", b"Rar!\x1a\7"),
    _no_audio("a 7z archive", b"7z\xbc\xaf\x27\x1c"),
    _no_audio("a gzip archive", b"\x1f\x8b\x08"),
    _no_audio("a program", b"\x7fELF"),
    _no_audio("a database", b"SQLite format 3\0"),
    _no_audio("a certificate or key", b"-----BEGIN "),
)


def check(head: bytes) -> None:
    """Refuse a file that begins with the bytes of another format.

    Raises:
        Rejected: the remedy names the detected format.

    >>> check(b"%PDF-1.7")
    Traceback (most recent call last):
    stethoscript.rejections.Rejected: UnsupportedMediaFormat
    """
    if _FORM.match(head):
        raise _refusal("a web form around a file", "Send the file itself as the body of the upload.")
    if _MARKUP.match(head):
        raise _refusal("a web page or XML document", _NO_AUDIO)
    for mark in _MARKS:
        if head.startswith(mark.magic, mark.offset):
            raise _refusal(mark.what, mark.remedy)
    if head[::_TS_PACKET][:_TS_PACKETS] == b"G" * _TS_PACKETS:
        raise _refusal("an MPEG transport stream", _CONVERT)


def check_stream(head: bytes) -> None:
    """Refuse the frames of a codec without a file format, detected by several consecutive frames.

    Raises:
        Rejected: the remedy names the detected format.
    """
    for what, length in (("raw AAC (ADTS)", _adts), ("raw AAC (LATM)", _latm)):
        if _several(head, length):
            raise _refusal(what, "Put it into an M4A file, or convert it to FLAC.")
    if head[:2] == b"\x0b\x77" and head.count(b"\x0b\x77") > 3:  # noqa: PLR2004
        raise _refusal("raw AC-3", _CONVERT)


def check_text(head: bytes) -> None:
    """Refuse text and programs. Their first bytes are too short as proof, so this check comes last.

    Raises:
        Rejected: the file is text or a program.
    """
    sample = head[:_SAMPLE_BYTES]
    if sample[:2] == b"MZ":
        raise _refusal("a program", _NO_AUDIO)
    if len(sample) >= _TEXT_BYTES and (sample[:2] in _UTF16 or _is_text(sample)):
        raise _refusal("a text", _NO_AUDIO)


def _is_text(sample: bytes) -> bool:
    for cut in range(4):  # a character may be cut in two
        try:
            text = sample[: len(sample) - cut].decode()
        except UnicodeDecodeError:
            continue
        return all(each.isprintable() or each in "\t\r\n\f\ufeff" for each in text)
    return False


def _several(head: bytes, length: Callable[[bytes], int]) -> bool:
    at, found = 0, 0
    while found < 4 and (size := length(head[at : at + 7])):  # noqa: PLR2004
        at, found = at + size, found + 1
    return found == 4 or (found > 1 and at == len(head))  # noqa: PLR2004


def _adts(head: bytes) -> int:
    synced = len(head) == 7 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0 and head[2] >> 2 & 15 < 13  # noqa: PLR2004
    size = (int.from_bytes(head[3:6], "big") >> 5 & 0x1FFF) if synced else 0
    return size if size > 7 else 0  # noqa: PLR2004


def _latm(head: bytes) -> int:
    value = int.from_bytes(head[:3], "big")
    return (value & 0x1FFF) + 3 if len(head) > 3 and value >> 13 == 0x2B7 else 0  # noqa: PLR2004


def _refusal(what: str, remedy: str) -> Rejected:
    return Rejected("UnsupportedMediaFormat", f"This is {what}, which Transcribe Medical does not take. {remedy}")
