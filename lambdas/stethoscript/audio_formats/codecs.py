"""Reads sample rate, channels and frame length from the configurations of codecs, for all containers.

Sources: ISO/IEC 14496-3 (AudioSpecificConfig), RFC 7845 and "Encapsulation of Opus in ISO BMFF", the Vorbis I
specification, RFC 9639 (FLAC), Apple's ALAC magic cookie, ETSI TS 102 366 annex F (dac3, dec3).
"""

import struct
from dataclasses import dataclass

OPUS_HERTZ = 48_000
"""The sample rate of a decoder's output. The rate in the header is only that of the encoder's input."""
AMR_HERTZ, AMR_WB_HERTZ = 8000, 16_000

_AAC_HERTZ = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350)
_AAC_CHANNELS = (None, 1, 2, 3, 4, 5, 6, 8)
_AAC_MAIN_TO_LTP = range(1, 5)
_SBR, _PS = 5, 29
_SYNC_OF_SBR = 0x2B7
_MOST_DOUBLED_HERTZ = 24_000
"""Up to this rate, AAC may hold a high-efficiency part that doubles the rate and is not in the configuration."""
_AC3_HERTZ = (48_000, 44_100, 32_000)
_AC3_CHANNELS = (2, 1, 2, 3, 3, 4, 4, 5)
_AC3_SAMPLES = 1536


@dataclass(frozen=True)
class Shape:
    """The values in a codec's configuration; missing values are None."""

    hertz: int | None = None
    channels: int | None = None
    frame_seconds: float | None = None
    """The duration of a frame in seconds, if all frames have the same."""


class _Bits:
    """Reads bits from the beginning; zeros after the end."""

    def __init__(self, content: bytes) -> None:
        self.left = 8 * len(content)
        self._value = int.from_bytes(content, "big")

    def take(self, count: int) -> int:
        self.left -= count
        taken = self._value >> self.left if self.left >= 0 else self._value << -self.left
        return taken & ((1 << count) - 1)


def aac(config: bytes) -> Shape:
    """An AudioSpecificConfig. Rate and channels are None if a decoder may double them without a flag.

    >>> aac(bytes.fromhex("121056e500")), aac(bytes.fromhex("2b920800")).hertz, aac(bytes.fromhex("1390")).hertz
    (Shape(hertz=44100, channels=2, frame_seconds=0.023219954648526078), 44100, None)
    """
    bits = _Bits(config[:64])
    kind = _object_type(bits)
    core = _aac_hertz(bits)
    number = bits.take(4)
    channels = _AAC_CHANNELS[number] if number < len(_AAC_CHANNELS) else None
    if core is None or bits.left < 0:
        return Shape()
    if kind in (_SBR, _PS):
        mono = 2 if kind == _PS else None  # parametric stereo may turn one channel into two without a flag
        return Shape(_aac_hertz(bits), mono if channels == 1 else channels, 1024 / core)
    if kind not in _AAC_MAIN_TO_LTP:
        return Shape(None, channels)
    frame = (960 if bits.take(1) else 1024) / core
    doubled = _announced(bits)
    if doubled is None and core <= _MOST_DOUBLED_HERTZ:
        return Shape(None, None if channels == 1 else channels, frame)
    return Shape(doubled or core, None if doubled and channels == 1 else channels, frame)


def _object_type(bits: _Bits) -> int:
    kind = bits.take(5)
    return 32 + bits.take(6) if kind == 31 else kind  # noqa: PLR2004 - an escape code


def _aac_hertz(bits: _Bits) -> int | None:
    index = bits.take(4)
    if index == 15:  # noqa: PLR2004 - an escape code
        return bits.take(24) or None
    return _AAC_HERTZ[index] if index < len(_AAC_HERTZ) else None


def _announced(bits: _Bits) -> int | None:
    """The doubled rate in an extension; 0 if the extension has none; None without an extension."""
    window = 0
    while bits.left > 5:  # noqa: PLR2004 - the shortest extension
        window = (window << 1 | bits.take(1)) & 0x7FF
        if window == _SYNC_OF_SBR and bits.take(5) == _SBR:
            return (_aac_hertz(bits) or 0) if bits.take(1) else 0
    return None


def opus(channels: int) -> Shape:
    """Opus with this number of channels."""
    return Shape(OPUS_HERTZ, channels or None)


def vorbis(head: bytes) -> Shape:
    """The identification header of Vorbis."""
    if head[:7] != b"\x01vorbis" or len(head) < 16:  # noqa: PLR2004
        return Shape()
    channels, hertz = struct.unpack_from("<BI", head, 11)
    return Shape(hertz or None, channels or None)


def flac(stream_info: bytes) -> tuple[Shape, int, int]:
    """The shape, the number of samples (0 if unknown) and the largest block in a STREAMINFO."""
    if len(stream_info) < 18:  # noqa: PLR2004
        return Shape(), 0, 0
    value = int.from_bytes(stream_info[10:18], "big")
    hertz, channels = value >> 44, (value >> 41 & 7) + 1
    return Shape(hertz or None, channels if hertz else None), value & ((1 << 36) - 1), _short(stream_info, 2)


def alac(cookie: bytes) -> Shape:
    """The magic cookie of ALAC."""
    if len(cookie) < 24:  # noqa: PLR2004
        return Shape()
    return Shape(_long(cookie, 20) or None, cookie[9] or None)


def ac3(box: bytes) -> Shape:
    """A dac3 box."""
    value = int.from_bytes(box[:3], "big")
    return _dolby(value >> 22, value >> 11 & 7, value >> 10 & 1) if len(box) >= 3 else Shape()  # noqa: PLR2004


def eac3(box: bytes) -> Shape:
    """The first stream of a dec3 box. Later streams may add channels."""
    value = int.from_bytes(box[2:5], "big")
    shape = _dolby(value >> 22, value >> 9 & 7, value >> 8 & 1)
    return shape if len(box) == 5 else Shape(shape.hertz)  # noqa: PLR2004


def _dolby(rate: int, mode: int, low: int) -> Shape:
    if rate >= len(_AC3_HERTZ):
        return Shape()
    return Shape(_AC3_HERTZ[rate], _AC3_CHANNELS[mode] + low, _AC3_SAMPLES / _AC3_HERTZ[rate])


def _short(content: bytes, offset: int) -> int:
    return int.from_bytes(content[offset : offset + 2], "big")


def _long(content: bytes, offset: int) -> int:
    return int.from_bytes(content[offset : offset + 4], "big")
