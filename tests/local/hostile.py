"""Recordings that attack a decoder."""

from itertools import accumulate, repeat

RATE = 16_000
_BLOCK = 65_535
"""Samples in the largest block of FLAC."""


def bomb(hours: float) -> bytes:
    """A FLAC of a few kilobytes without a length that decodes to hours of one sample (RFC 9639)."""
    about = _BLOCK.to_bytes(2) * 2 + bytes(6) + (RATE << 44 | 15 << 36).to_bytes(8) + bytes(16)
    frames = (_frame(number) for number in range(int(hours * 3600 * RATE / _BLOCK)))
    return b"fLaC" + b"\x80" + len(about).to_bytes(3) + about + b"".join(frames)


def endless(megabytes: int) -> bytes:
    """A WebM whose segment holds only empty elements, so that no track ever comes (RFC 8794)."""
    kind = b"\x42\x82\x84webm"
    head = b"\x1a\x45\xdf\xa3" + (0x80 | len(kind)).to_bytes() + kind
    return head + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + b"\xec\x80" * (megabytes * 512 * 1024)


def _frame(number: int) -> bytes:
    head = b"\xff\xf8\x75\x08" + chr(number).encode() + (_BLOCK - 1).to_bytes(2)
    body = head + _check(head, 8, 0x07) + bytes(3)  # one constant: zero
    return body + _check(body, 16, 0x8005)


def _check(data: bytes, bits: int, polynomial: int) -> bytes:
    """The cyclic redundancy check of FLAC's frames."""
    most = (1 << bits) - 1

    def shifted(value: int, _step: object) -> int:
        return (value << 1 ^ (polynomial if value >> bits - 1 else 0)) & most

    value = 0
    for byte in data:
        *_, value = accumulate(repeat(None, 8), shifted, initial=value ^ byte << bits - 8)
    return value.to_bytes(bits // 8)
