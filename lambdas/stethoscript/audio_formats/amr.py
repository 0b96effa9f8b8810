"""AMR: a magic number, then frames of 20 ms whose first byte gives their size.

Source: RFC 4867, section 5. The magic number distinguishes narrowband (8 kHz) from wideband (16 kHz).
"""

from stethoscript.audio_formats import codecs
from stethoscript.audio_formats.byte_source import WALK_BYTES, Findings, Part
from stethoscript.audio_info import damaged

_NARROW = (12, 13, 15, 17, 19, 20, 26, 31, 5, 6, 5, 5, 0, 0, 0, 0)
_WIDE = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, 0, 0, 0, 0, 0, 0)
_FRAME_SECONDS = 0.02
_KINDS = {
    b"#!AMR-WB_MC1.0\n": (codecs.AMR_WB_HERTZ, None),
    b"#!AMR_MC1.0\n": (codecs.AMR_HERTZ, None),
    b"#!AMR-WB\n": (codecs.AMR_WB_HERTZ, _WIDE),
    b"#!AMR\n": (codecs.AMR_HERTZ, _NARROW),
}


def read(part: Part, found: Findings) -> None:
    """Read the properties of the audio into the findings.

    Raises:
        Rejected: no audio follows the magic number.
    """
    head = part.at(0, 16)
    for mark, (hertz, sizes) in _KINDS.items():
        if head.startswith(mark):
            if part.size <= len(mark):
                raise damaged("This AMR file ends before its first sound")
            found.hertz = hertz
            if sizes:
                found.channels = 1
                found.seconds = _seconds(part, len(mark), sizes)
            return


def _seconds(part: Part, at: int, sizes: tuple[int, ...]) -> float | None:
    """The duration of a small file, by all its frames. Frames have no marker, so reading cannot begin in the middle."""
    if part.size > WALK_BYTES:
        return None
    frames, content = 0, part.at(0, WALK_BYTES)
    while at < part.size:
        first = content[at]
        if first & 0x83:  # these bits are zero in every frame's first byte
            return None
        at += 1 + sizes[first >> 3 & 15]
        frames += at <= part.size
    return frames * _FRAME_SECONDS
