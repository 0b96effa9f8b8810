"""Contents of uploads. `given` is the content, whole or sparse, with its settings."""

import gzip
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from stethoscript.audio_info import MOST_BYTES
from tests.corpus.item import OK, Item, rejected
from tests.corpus.recordings import (
    FTYP,
    WAV_ALAW,
    WAV_FLOAT,
    WEBM,
    Sparse,
    box,
    chunk,
    flac,
    id3,
    moov,
    mp3,
    opus_end,
    opus_head,
    page,
    wav,
    wav_header,
)


@dataclass(frozen=True)
class Content:
    """An uploaded content, its file name, and its detected format."""

    body: bytes | Sparse
    name: str = "a.wav"
    metadata: Mapping[str, str] = field(default_factory=dict)
    found: str | None = None


DAMAGED, FORMAT, RATE = rejected("Damaged"), rejected("UnsupportedMediaFormat"), rejected("InvalidSampleRate")
SHORT, LONG = rejected("TooShort"), rejected("TooLong")
LEFT = "cannot be told for sure, so it is left to Transcribe"
CHANNELS = {"channel-identification": "true"}
HOURS = 4 * 3600
_SECOND = 32_000
"""Bytes of a second of 16-bit mono at 16 kHz."""
_NOISE = random.Random(4).randbytes(4000)
_MOOV = moov(6 * 10**6)
_DEEP = b"".join(b"LIST" + (240_000 - 12 * n).to_bytes(4, "little") + b"INFO" for n in range(20_000))


def _long_wav(seconds: int) -> Sparse:
    header = wav_header(seconds * _SECOND)
    return Sparse(len(header) + seconds * _SECOND, header)


def _opus(seconds: int, *, serial: int = 7) -> Sparse:
    return Sparse(seconds * 4000, opus_head() + page(bytes(40), granule=960), opus_end(seconds, serial=serial))


def _item(item_id: str, what: str, body: bytes | Sparse, expected: str = OK, why: str = "", **more: object) -> Item:
    return Item(item_id, what, Content(body, **more), expected, why)  # type: ignore[arg-type]


ITEMS = (
    _item("A1", "a second of WAV", wav(), found="wav"),
    _item("A2", "nothing", b"", rejected("Empty")),
    _item("A3", "one byte", b"R", DAMAGED),
    _item("A4", "a RIFF header alone", b"RIFF\x04\0\0\0WAVE", DAMAGED),
    _item("A5", "a WAV header without samples", wav(0), SHORT),
    _item("A6", "half of a two seconds' WAV", wav(2.0)[: 44 + _SECOND], OK,
          "what is there can be transcribed; that it should be more nobody can know for sure"),
    _item("A7", "a data chunk of no length", wav(data_bytes=0), OK, "so written while streaming: the size tells"),
    _item("A8", "a data chunk of 4 GB", wav(data_bytes=2**32 - 1), OK, "as A7"),
    _item("A9", "a RIFF of another length", wav(riff_bytes=7), OK, "players do not look at it"),
    _item("A10", "no channels", wav_header(_SECOND, channels=0) + bytes(_SECOND), DAMAGED),
    _item("A11", "a rate of zero", wav_header(_SECOND, hertz=0) + bytes(_SECOND), DAMAGED),
    _item("A12", "8 kHz, as from a telephone", wav(hertz=8000), RATE),
    _item("A13", "96 kHz", wav(hertz=96_000), RATE),
    _item("A14", "4 GHz", wav_header(_SECOND, hertz=2**32 - 1) + bytes(_SECOND), RATE),
    _item("A15", "8 bits", wav(bits=8)),
    _item("A16", "24 bits", wav(bits=24)),
    _item("A17", "floating point", wav(bits=32, codec=WAV_FLOAT)),
    _item("A18", "A-law", wav(bits=8, codec=WAV_ALAW), OK, LEFT),
    _item("A19", "a codec there is none of", wav(codec=0xFFFF), OK, LEFT),
    _item("A20", "eight channels", wav(channels=8), rejected("TooManyChannels")),
    _item("A21", "silence", wav(5), OK, "is delivered as silence"),
    _item("A22", "499 ms", wav(0.499), SHORT),
    _item("A23", "500 ms", wav(0.5)),
    _item("A24", "clipped to the last sample", wav(sample=b"\xff\x7f")),
    _item("A25", "two data chunks", wav() + chunk(b"data", bytes(_SECOND)), OK),
    _item("A26", "junk before the format", wav(before=chunk(b"JUNK", bytes(1000)))),
    _item("A27", "an odd chunk without its padding", wav(between=chunk(b"LIST", b"odd")), OK, "the size tells"),
    _item("A28", "20,000 chunks in one another", b"RIFF" + (240_004).to_bytes(4, "little") + b"WAVE" + _DEEP, DAMAGED),
    _item("A29", "an ID3 tag alone", id3(500), DAMAGED),
    _item("A30", "an ID3 tag that claims 256 MB", id3(500, claimed=2**28 - 1) + mp3(2), OK,
          "the frames behind it can be found", found="mp3"),
    _item("A31", "FLAC's magic alone", b"fLaC", DAMAGED),
    _item("A32", "Ogg's magic alone", b"OggS", DAMAGED),
    _item("A33", "an MP4's first box alone", FTYP, DAMAGED),
    _item("A34a", "a box of no length", FTYP + box(b"moov", b"", size=0), DAMAGED),
    _item("A34b", "a box shorter than its own header", FTYP + box(b"moov", bytes(8), size=4) * 9, OK, LEFT),
    _item("A34c", "a box of 2⁶³ bytes", FTYP + b"\0\0\0\1mdat" + (2**63).to_bytes(8, "big"), DAMAGED),
    _item("A35", "WebM's magic alone", b"\x1aE\xdf\xa3", DAMAGED),
    _item("A36", "text", b"The patient is well.", FORMAT),
    _item("A37", "a web page", b"<!doctype html><html>", FORMAT, name="a.mp3"),
    _item("A38", "a program for Windows", b"MZ" + bytes(100), FORMAT),
    _item("A39", "a program for Linux", b"\x7fELF" + bytes(100), FORMAT, name="a.mp3"),
    _item("A40", "a picture", b"\x89PNG\r\n\x1a\n" + bytes(100), FORMAT),
    _item("A41", "a ZIP", b"PK\x03\x04" + bytes(100), FORMAT, name="a.mp3"),
    _item("A42", "a gzip bomb", gzip.compress(bytes(10**6), mtime=0), FORMAT),
    _item("A43", "noise", _NOISE, OK, LEFT),
    _item("A43b", "noise under a name that tells no format", _NOISE, FORMAT, name="a.bin"),
    _item("A44", "a WAV called MP3", wav(), OK, "the copy is called what it is", name="a.mp3", found="wav"),
    _item("A45", "an MP3 called WAV", mp3(2), OK, "as A44", found="mp3"),
    _item("A46", "a byte order mark before a WAV", b"\xef\xbb\xbf" + wav(), OK, LEFT, found="wav"),
    _item("A47", "a playlist that reaches into the network", b"#EXTM3U\n#EXTINF:1,\nhttp://169.254.169.254/\n", FORMAT,
          name="a.m4a"),
    _item("A48", "a list that reads files", b"ffconcat version 1.0\nfile /etc/passwd\n", FORMAT),
    _item("A49", "an SVG with a script", b"<svg onload=alert(1)>", FORMAT),
    _item("A50", "one byte more than 2 GB", Sparse(MOST_BYTES + 1, wav_header(2**31)), rejected("TooLarge")),
    _item("A51", "4 hours and a second", _long_wav(HOURS + 1), LONG),
    _item("A52", "exactly 4 hours", _long_wav(HOURS)),
    _item("A53", "exactly 2 GB", Sparse(MOST_BYTES, wav_header(MOST_BYTES - 44, hertz=48_000, channels=2, bits=24))),
    _item("A54", "mono, its channels to be told apart", wav(), rejected("OneChannel"), metadata=CHANNELS),
    _item("A55", "stereo, its channels to be told apart", wav(channels=2), metadata=CHANNELS),
    _item("A56", "narrowband AMR", b"#!AMR\n" + bytes(4000), RATE, "its standard knows 8 kHz only"),
    _item("A57", "wideband AMR", b"#!AMR-WB\n" + bytes(4000), found="amr"),
    _item("A58", "AMR's magic alone", b"#!AMR-WB\n", DAMAGED),
    _item("A59", "FLAC", flac(32_000), found="flac"),
    _item("A60", "FLAC that does not know its length", flac(0), OK, LEFT),
    _item("A61", "FLAC of more than 4 hours", flac(16_000 * (HOURS + 1), size=500_000, last=56_253), LONG),
    _item("A62", "FLAC that claims a month in 4 KB", flac(16_000 * 30 * 86_400), OK, LEFT),
    _item("A63", "FLAC with a picture of 12 MB", flac(32_000, picture=12 * 10**6)),
    _item("A64", "MP3 with a picture of 5 MB", id3(5 * 10**6) + mp3(2), found="mp3"),
    _item("A61b", "FLAC whose header alone claims 4 hours", flac(16_000 * (HOURS + 1), size=500_000), OK, LEFT),
    _item("A65", "MP3 that counts more than 4 hours",
          Sparse(384 * 600_101, mp3(60, mark=b"Xing", frames=600_100)), LONG),
    _item("A65b", "ten minutes of an MP3 that counts more than 4 hours", mp3(600, mark=b"Xing", frames=600_100), OK,
          "what is there can be transcribed; the documents say that it was cut off"),
    _item("A66", "MP3 of 4½ hours that counts nothing", Sparse(4 * HOURS * 4500, mp3(2)), OK, LEFT),
    _item("A67", "MP3 of 240 ms", mp3(0.24), SHORT),
    _item("A68", "UTF-16 text, whose mark looks like a frame's", "\ufeffShe is well.".encode("utf-16-le"), FORMAT),
    _item("A69", "MP3 behind a megabyte of nothing", b"\xff\xfb\xff\xff" + bytes(10**6) + mp3(2), OK, LEFT),
    _item("A70", "M4A with its header behind 100 MB",
          Sparse(10**8, FTYP + box(b"mdat", b"", size=10**8 - len(FTYP + _MOOV)), _MOOV), found="m4a"),
    _item("A71", "M4A broken off before its header", FTYP + box(b"mdat", bytes(9000), size=10**6), DAMAGED),
    _item("A72", "M4A at 8 kHz", FTYP + moov(60_000, hertz=8000) + bytes(30_000), RATE),
    _item("A72b", "M4A whose container says 8 kHz and its codec 44.1",
          FTYP + moov(60_000, template=8000) + bytes(30_000)),
    _item("A73", "M4A that does not know its length", FTYP + moov(2**32 - 1) + bytes(30_000), OK, LEFT),
    _item("A74", "M4A of more than 4 hours",
          Sparse(7 * 10**7, FTYP + moov(1000 * (HOURS + 1)) + box(b"mdat", b"", size=6 * 10**7)), LONG),
    _item("A75", "Opus in Ogg", _opus(3600), found="ogg"),
    _item("A76", "Opus in Ogg, of more than 4 hours", _opus(HOURS + 1), LONG),
    _item("A77", "Ogg whose last page is another stream's", _opus(HOURS + 1, serial=8), OK, LEFT),
    _item("A78", "WebM", WEBM, found="webm"),
    _item("A79", "20,000 chunks before the format", wav(before=chunk(b"JUNK", b"") * 20_000)),
    _item("A80", "ten million chunks and no format",
          Sparse(8 * 10**7, b"RIFF\0\0\0\0WAVE" + chunk(b"JUNK", b"") * 140_000), OK, LEFT),
    _item("A81", "8 kHz A-law in stereo, its channels to be told apart",
          wav(hertz=8000, channels=2, bits=8, codec=WAV_ALAW), RATE, metadata=CHANNELS),
)  # fmt: skip
