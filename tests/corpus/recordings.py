"""Synthetic recordings: valid headers over silence, the same bytes every time, made quickly."""

import struct
from dataclasses import dataclass

WAV_PCM, WAV_FLOAT, WAV_ALAW = 1, 3, 6


@dataclass(frozen=True)
class Sparse:
    """A file of `size` bytes with this beginning and end, and zeros in between."""

    size: int
    beginning: bytes
    end: bytes = b""

    def __getitem__(self, part: slice) -> bytes:
        first, last = part.start, min(part.stop, self.size)
        beginning = self.beginning[first:last]
        tail = self.size - len(self.end)
        end = self.end[max(first - tail, 0) : max(last - tail, 0)]
        return beginning + bytes(max(0, last - first - len(beginning) - len(end))) + end


def wav(
    seconds: float = 1.0, *, hertz: int = 16_000, channels: int = 1, bits: int = 16, codec: int = WAV_PCM,
    data_bytes: int | None = None, riff_bytes: int | None = None, before: bytes = b"", between: bytes = b"",
    sample: bytes = b"\0",
) -> bytes:  # fmt: skip
    """A WAV file. `data_bytes` and `riff_bytes` are the lengths in its header, if they differ from the real ones."""
    frame = channels * bits // 8
    data = sample * (round(seconds * hertz) * frame // len(sample))
    return wav_header(
        len(data) if data_bytes is None else data_bytes, hertz=hertz, channels=channels, bits=bits, codec=codec,
        riff_bytes=riff_bytes, before=before, between=between,
    ) + data  # fmt: skip


def wav_header(
    data_bytes: int, *, hertz: int = 16_000, channels: int = 1, bits: int = 16, codec: int = WAV_PCM,
    riff_bytes: int | None = None, before: bytes = b"", between: bytes = b"",
) -> bytes:  # fmt: skip
    """The part of a WAV file before its samples. `before` and `between` are chunks around its format."""
    frame = channels * bits // 8
    rate = min(hertz * frame, 2**32 - 1)
    shape = struct.pack("<HHIIHH", codec, channels, hertz, rate, frame, bits)
    inner = b"WAVE" + before + chunk(b"fmt ", shape) + between + b"data" + struct.pack("<I", data_bytes)
    return b"RIFF" + struct.pack("<I", len(inner) if riff_bytes is None else riff_bytes) + inner


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a RIFF file."""
    return name + struct.pack("<I", len(content)) + content


def flac(
    samples: int, *, hertz: int = 16_000, channels: int = 1, size: int = 4096, picture: int = 0,
    last: int | None = None,
) -> bytes:  # fmt: skip
    """A FLAC of about `size` bytes whose header counts this many samples; 0 means unknown.

    `last` is the number of its last frame, of 4096 samples.
    """
    shape = (hertz << 44) | (channels - 1 << 41) | (15 << 36) | samples
    info = struct.pack(">HH", 4096, 4096) + bytes(6) + struct.pack(">Q", shape) + bytes(16)
    image = struct.pack(">II", 3, 9) + b"image/png" + struct.pack(">I", 0) + bytes(16) + struct.pack(">I", picture)
    blocks = _flac_block(0, info, last=not picture)
    if picture:
        blocks += _flac_block(6, image + bytes(picture), last=True)
    frames = b"" if last is None else flac_frame(0) + bytes(size) + flac_frame(last)
    return b"fLaC" + blocks + (frames or bytes(size))


def flac_frame(number: int) -> bytes:
    """The header of a frame of 4096 samples, 16 kHz, mono, 16 bits."""
    header = b"\xff\xf8\xc5\x08" + chr(number).encode("utf-8", "surrogatepass")
    rest = 0
    for each in header:
        rest ^= each
        for _ in range(8):
            rest = (rest << 1 ^ 7) & 0xFF if rest & 0x80 else rest << 1
    return header + bytes([rest]) + bytes(40)


def _flac_block(kind: int, content: bytes, *, last: bool) -> bytes:
    return bytes([kind | 0x80 * last]) + len(content).to_bytes(3, "big") + content


def mp3(seconds: float, *, mark: bytes = b"", frames: int = 0) -> bytes:
    """MPEG-1 layer III, 128 kbit/s, 48 kHz, stereo; optionally with a mark (Xing, Info) that counts frames."""
    frame = b"\xff\xfb\x94\x00" + bytes(380)  # 384 bytes of 24 ms
    count = round(seconds / 0.024)
    first = b""
    if mark:
        counted = mark + struct.pack(">III", 3, frames or count, 384 * ((frames or count) + 1))
        first = (b"\xff\xfb\x94\x00" + bytes(32) + counted).ljust(384, b"\0")
    return first + frame * count


def id3(size: int, claimed: int | None = None) -> bytes:
    """An ID3v2 tag of this many zeros, as large as a picture."""
    claimed = size if claimed is None else claimed
    return b"ID3\4\0\0" + bytes(claimed >> shift & 0x7F for shift in (21, 14, 7, 0)) + bytes(size)


def box(name: bytes, content: bytes, size: int | None = None) -> bytes:
    """A box of an MP4 file."""
    return struct.pack(">I", len(content) + 8 if size is None else size) + name + content


FTYP = box(b"ftyp", b"M4A \0\0\0\0M4A isom")


def moov(
    units: int, *, scale: int = 1000, hertz: int = 44_100, channels: int = 1, template: int | None = None,
) -> bytes:  # fmt: skip
    """The index of an AAC recording of this many units, `scale` of which are a second.

    `template` is the rate in the container, if it differs from the codec's.
    """
    movie = box(b"mvhd", bytes(12) + struct.pack(">II", scale, units) + bytes(80))
    index = (48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000).index(hertz) + 3
    config = (2 << 11 | index << 7 | channels << 3).to_bytes(2, "big") + b"\x56\xe5\0"  # no high-efficiency part
    codec = b"\4\x14\x40\x15" + bytes(3) + struct.pack(">II", 64_000, 64_000) + b"\5\5" + config
    sample = bytes(6) + b"\0\1" + bytes(8) + struct.pack(">HHHHI", channels, 16, 0, 0, (template or hertz) << 16)
    entry = box(b"mp4a", sample + box(b"esds", bytes(4) + b"\3\x19\0\0\0" + codec))
    frames = units * hertz // (scale * 1024)
    table = box(b"stsd", struct.pack(">II", 0, 1) + entry)
    table += box(b"stts", struct.pack(">IIII", 0, 1, frames, 1024))
    table += box(b"stsz", struct.pack(">III", 0, 100, frames)) + box(b"stco", struct.pack(">III", 0, 1, 40))
    media = box(b"mdhd", bytes(12) + struct.pack(">III", hertz, frames * 1024 % 2**32, 0))
    media += box(b"hdlr", bytes(8) + b"soun" + bytes(13))
    return box(b"moov", movie + box(b"trak", box(b"mdia", media + box(b"minf", box(b"stbl", table)))))


def page(content: bytes, *, granule: int = 0, kind: int = 0, serial: int = 7) -> bytes:
    """A page of an Ogg file, of less than 255 bytes of content."""
    return struct.pack("<4sBBqIIIBB", b"OggS", 0, kind, granule, serial, 0, 0, 1, len(content)) + content


def opus_head(*, channels: int = 1) -> bytes:
    """The first pages of Opus in Ogg."""
    head = page(b"OpusHead" + struct.pack("<BBHIHB", 1, channels, 312, 16_000, 0, 0), kind=2)
    return head + page(b"OpusTags" + struct.pack("<II", 0, 0))


def opus_end(seconds: float, *, serial: int = 7) -> bytes:
    """The last page of Opus in Ogg, which counts its samples."""
    return page(bytes(40), granule=round(seconds * 48_000), kind=4, serial=serial)


WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\xf3\x81\x08B\x82\x84webm" + bytes(4000)
