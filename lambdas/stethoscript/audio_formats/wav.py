"""WAV: chunks, of which one describes the samples and one holds them.

The size of a sample follows from channels and bits, as in decoders, because the block size in the header is often
wrong. The length of the data counts only if the file's size confirms it.
"""

import struct

from stethoscript.audio_formats import mpeg_audio
from stethoscript.audio_formats.byte_source import WINDOW_BYTES, Findings, Part, agree
from stethoscript.audio_info import damaged

_UNKNOWN_BYTES = 0x7FFF_0000
"""From this value, a length is a placeholder of programs that do not know it yet (sox, arecord, ffmpeg)."""
_SLACK_BYTES = 128
"""Some writers count the header too, so this many missing bytes do not count."""
_PCM = {0x0001: None, 0x0003: None, 0x0006: 1, 0x0007: 1}
"""Codecs with a fixed number of bytes per sample, which is given here or follows from the bits."""
_TOLD = (*_PCM, 0x0002, 0x0011, 0x0031, 0x0045, 0x0064)
"""Codecs whose rate and channels are only in the header: PCM, ADPCM, GSM and G.726."""
_MPEG, _EXTENSIBLE = (0x0050, 0x0055), 0xFFFE
_FORMAT_BYTES = 16


def read(part: Part, found: Findings) -> None:
    """Read the properties of the audio into the findings.

    Raises:
        Rejected: the file describes no samples, or has none.
    """
    shape, data = _chunks(part)
    if shape is None or data is None:
        raise damaged("This WAV file ends, or breaks off, before its first sound")
    begin, claimed, fact = data
    codec, channels, hertz, per_second, _, bits = struct.unpack_from("<HHIIHH", shape)
    if codec == _EXTENSIBLE and len(shape) >= 26:  # noqa: PLR2004
        codec = struct.unpack_from("<H", shape, 24)[0]
    if codec in _TOLD and not (channels and hertz):
        raise damaged("The header of this WAV file says that it has no channels, or no sample rate")
    sync = mpeg_audio.find(part, begin) if codec in _MPEG else None
    if codec in _TOLD:
        found.hertz, found.channels = hertz, channels
    elif sync:
        found.hertz, found.channels = sync[1].hertz, sync[1].channels
    there = part.size - begin
    whole = claimed <= there and _continues(part, begin + claimed)
    if not _is_unknown(claimed):
        found.cut_off = False if whole else (True if claimed > there + _SLACK_BYTES else None)
    width = _PCM.get(codec, 0)
    rate = hertz * channels * (-(-bits // 8) if width is None else width)
    if rate or (hertz and per_second and agree(fact / hertz, claimed / per_second, slack=0.02)):
        _durations(found, claimed, there, rate or per_second)


def _durations(found: Findings, claimed: int, there: int, rate: int) -> None:
    """The declared and the present duration in seconds; None if the file has more data than declared."""
    if _is_unknown(claimed):  # by the file's size
        found.seconds = there / rate
    elif found.cut_off is not None or claimed > there:
        found.declared_seconds, found.seconds = claimed / rate, min(claimed, there) / rate


def _is_unknown(claimed: int) -> bool:
    return claimed == 0 or claimed >= _UNKNOWN_BYTES


def _chunks(part: Part) -> tuple[bytes | None, tuple[int, int, int] | None]:
    """The format chunk's content; the offset of the samples, their declared bytes, and the counted samples."""
    shape, fact, at = None, 0, 12
    while len(head := part.at(at, 8)) == 8:  # noqa: PLR2004
        name, size = head[:4], int.from_bytes(head[4:], "little")
        if name == b"data":
            return shape, (at + 8, size, fact)
        if name == b"fmt ":
            shape = part.at(at + 8, min(size, 40))
            shape = shape if len(shape) >= _FORMAT_BYTES else None
        elif name == b"fact" and size >= 4:  # noqa: PLR2004
            fact = int.from_bytes(part.at(at + 8, 4), "little")
        at += 8 + size + size % 2
    place = part.at(0, WINDOW_BYTES).find(b"data", 12)  # after a chunk with a wrong length
    if place < 0:
        return shape, None
    return shape, (place + 8, int.from_bytes(part.at(place + 4, 4), "little"), fact)


def _continues(part: Part, at: int) -> bool:
    """Whether the audio may end here: at the end of the RIFF, or before other chunks that fill the file."""
    if at + at % 2 == int.from_bytes(part.at(4, 4), "little") + 8:
        return True
    while at + 8 <= part.size:
        head = part.at(at + at % 2, 8)
        if not all(0x20 <= each < 0x7F for each in head[:4]):  # noqa: PLR2004 - a chunk's name is printable
            return False
        at += at % 2 + 8 + int.from_bytes(head[4:], "little")
    return at <= part.size + 1
