"""Every container, codec, muxer option and tag that users send, as files of real encoders: `recordings()`.

Each names the reason for a rejection, or none if Transcribe must get it. `encoded_recordings.decoded` gives the rest.
"""

import struct
from collections.abc import Iterator
from functools import partial

from tests.corpus.recordings import box, id3
from tests.encoded_recordings import Encoded, Encoding, encode

RATE, FORMAT, CHANNELS = "InvalidSampleRate", "UnsupportedMediaFormat", "TooManyChannels"
HERTZ = (8000, 16_000, 22_050, 44_100, 48_000)
_PCM = ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_alaw", "pcm_mulaw")
_IN_WAV = ("adpcm_ms", "adpcm_ima_wav", "libmp3lame", "flac")
_MOVIE_OPTIONS = {
    "": {},
    "-faststart": {"movflags": "faststart"},
    "-fragmented": {"movflags": "frag_keyframe+empty_moov", "frag_duration": "1000000"},
    "-default-base": {"movflags": "empty_moov+default_base_moof", "frag_duration": "500000"},
    "-dash": {"movflags": "dash+frag_keyframe", "frag_duration": "1000000"},
    "-no-edit-list": {"use_editlist": "0"},
    "-brand-qt": {"brand": "qt  "},
    "-brand-3gp5": {"brand": "3gp5"},
}
_TAGS = {"title": "Visit", "artist": "A doctor", "comment": "x" * 300}


def recordings() -> Iterator[Encoded]:
    """All of them."""
    for family in (wavs, flacs, mp3s, mp4s, oggs, matroskas, amrs, joined, disguised, foreign):
        yield from family()


def _made(name: str, refused: str | None = None, **how: object) -> Encoded:
    return Encoded(name, partial(encode, Encoding(**how)), refused)  # type: ignore[arg-type]


def _rate(hertz: int) -> str | None:
    return None if hertz >= HERTZ[1] else RATE


def wavs() -> Iterator[Encoded]:
    """WAV: every rate, codec and option."""
    for hertz in HERTZ:
        for channels in (1, 2):
            name = f"pcm-{hertz}-{channels}.wav"
            yield _made(name, _rate(hertz), muxer="wav", codec="pcm_s16le", hertz=hertz, channels=channels)
    yield _made("g722.wav", muxer="wav", codec="g722", hertz=16_000)
    for codec in (*_PCM, *_IN_WAV):
        yield _made(f"{codec}.wav", muxer="wav", codec=codec, hertz=16_000)
        yield _made(f"{codec}-stereo.wav", muxer="wav", codec=codec, hertz=44_100, channels=2)
    yield _made("96-kHz.wav", RATE, muxer="wav", codec="pcm_s24le", hertz=96_000)
    yield _made("surround.wav", CHANNELS, muxer="wav", codec="pcm_s16le", channels=6)
    how = {"muxer": "wav", "codec": "pcm_s16le", "hertz": 16_000}
    yield _made("tags.wav", **how, metadata=_TAGS)
    yield _made("broadcast.wav", **how, muxing={"write_bext": "1"}, metadata={"description": "ward"})
    yield _made("peaks.wav", **how, muxing={"write_peak": "on"})
    yield _made("piped.wav", **how, seekable=False)


def flacs() -> Iterator[Encoded]:
    """FLAC."""
    for hertz in HERTZ:
        for channels in (1, 2):
            name = f"flac-{hertz}-{channels}.flac"
            yield _made(name, _rate(hertz), muxer="flac", codec="flac", hertz=hertz, channels=channels)
    yield _made("tags.flac", muxer="flac", codec="flac", metadata=_TAGS)
    yield _made("piped.flac", muxer="flac", codec="flac", seekable=False)
    yield _made("best.flac", muxer="flac", codec="flac", coding={"compression_level": "12"})


def mp3s() -> Iterator[Encoded]:
    """MP3: every rate, with and without a frame count, constant and variable, and every tag."""
    for hertz in HERTZ:
        for channels in (1, 2):
            name = f"mp3-{hertz}-{channels}.mp3"
            yield _made(name, _rate(hertz), muxer="mp3", codec="libmp3lame", hertz=hertz, channels=channels)
    how = {"muxer": "mp3", "codec": "libmp3lame", "bit_rate": 64_000}
    silent = {"write_xing": "0", "id3v2_version": "0"}
    yield _made("no-count.mp3", **how, muxing=silent)
    yield _made("variable.mp3", **how, coding={"q": "4", "flags": "qscale", "global_quality": "472"})
    yield _made("variable-no-count.mp3", **how, muxing=silent, coding={"flags": "qscale", "global_quality": "472"})
    yield _made("average.mp3", **how, coding={"abr": "1"})
    yield _made("minute.mp3", **how, seconds=60.0)
    yield _made("minute-no-count.mp3", **how, muxing=silent, seconds=60.0)
    yield _made("reservoir-off.mp3", **how, coding={"reservoir": "0"})
    yield _made("id3v1.mp3", **how, muxing={"write_id3v1": "1", "id3v2_version": "0"}, metadata=_TAGS)
    yield _made("id3v2.3.mp3", **how, muxing={"id3v2_version": "3"}, metadata=_TAGS)
    yield _made("both-tags.mp3", **how, muxing={"write_id3v1": "1", "id3v2_version": "4"}, metadata=_TAGS)
    plain = encode(Encoding(**how))  # type: ignore[arg-type]
    yield Encoded("cover.mp3", id3(300_000) + plain)
    yield Encoded("two-id3.mp3", id3(2000) + id3(100) + plain)
    yield Encoded("ape.mp3", plain + ape())
    yield Encoded("ape-in-front.mp3", ape() + plain)
    yield Encoded("layer-2.mp3", encode(Encoding("mp2", "mp2", 48_000)))


def mp4s() -> Iterator[Encoded]:
    """MP4 and its relatives: every codec, option and order of tracks."""
    for extension, muxer in (("m4a", "ipod"), ("mp4", "mp4"), ("mov", "mov")):
        for suffix, options in _MOVIE_OPTIONS.items():
            yield _made(f"aac{suffix}.{extension}", muxer=muxer, codec="aac", muxing=options, channels=1)
        for video in ("first", "last"):
            yield _made(f"video-{video}.{extension}", muxer="mov" if extension == "mov" else "mp4", codec="aac",
                        video=video, channels=2)  # fmt: skip
    for hertz in HERTZ:
        yield _made(f"aac-{hertz}.m4a", _rate(hertz), muxer="ipod", codec="aac", hertz=hertz, channels=2)
    for codec in ("alac", "libmp3lame", "flac", "ac3", "eac3"):
        yield _made(f"{codec}.mp4", muxer="mp4", codec=codec)
        yield _made(f"{codec}-stereo.mp4", muxer="mp4", codec=codec, channels=2, muxing=_MOVIE_OPTIONS["-faststart"])
    yield _made("opus.mp4", muxer="mp4", codec="libopus", hertz=48_000)
    yield _made("opus-16.mp4", muxer="mp4", codec="libopus", hertz=16_000, channels=2)
    for codec in ("pcm_s16le", "pcm_s16be", "pcm_f32le", "alac", "adpcm_ima_qt"):
        yield _made(f"{codec}.mov", muxer="mov", codec=codec)
    yield _made("surround.m4a", CHANNELS, muxer="ipod", codec="aac", channels=6)
    yield _made("chapters.m4a", muxer="ipod", codec="aac", chapters=True, metadata=_TAGS)
    yield _made("fragmented-video.mp4", muxer="mp4", codec="aac", video="first",
                muxing=_MOVIE_OPTIONS["-fragmented"])  # fmt: skip
    yield _made("aac.3gp", muxer="3gp", codec="aac", hertz=16_000)
    yield _made("telephone.3gp", RATE, muxer="3gp", codec="libopencore_amrnb", hertz=8000)
    yield _made("minute.m4a", muxer="ipod", codec="aac", seconds=60.0)
    plain = encode(Encoding("ipod", "aac"))
    yield Encoded("cover.m4a", with_cover(plain))
    body = plain[struct.unpack(">I", plain[:4])[0] :]
    for name in (b"wide", b"free", b"skip", b"uuid"):
        yield Encoded(f"begins-with-{name.decode()}.m4a", box(name, bytes(len(plain) - len(body) - 8)) + body)
    yield Encoded("styp.mp4", b"\0\0\0\x1cstyp" + plain[8:])
    low = encode(Encoding("ipod", "aac", 22_050, 2))
    yield Encoded("high-efficiency.m4a", with_asc(low, "2b920800"))  # object type 5: stereo, 22,050 Hz doubled
    yield Encoded("high-efficiency-untold.m4a", with_asc(low, "1390"))


def oggs() -> Iterator[Encoded]:
    """Ogg."""
    for channels in (1, 2):
        for hertz in (8000, 16_000, 24_000, 48_000):
            name = f"opus-{hertz}-{channels}.ogg"
            yield _made(name, muxer="ogg", codec="libopus", hertz=hertz, channels=channels)
    for hertz in (16_000, 44_100):
        yield _made(f"vorbis-{hertz}.ogg", muxer="ogg", codec="vorbis", hertz=hertz, channels=2)
        yield _made(f"flac-{hertz}.oga", muxer="ogg", codec="flac", hertz=hertz)
    how = {"muxer": "ogg", "codec": "libopus", "hertz": 48_000}
    yield _made("tags.opus", **how, metadata=_TAGS)
    yield _made("small-pages.ogg", **how, muxing={"page_duration": "100000"})
    yield _made("minute.ogg", **how, seconds=60.0)
    yield _made("long-frames.ogg", **how, coding={"frame_duration": "60"})


def matroskas() -> Iterator[Encoded]:
    """WebM and Matroska."""
    opus, vorbis = {"codec": "libopus", "hertz": 48_000}, {"codec": "vorbis", "channels": 2}
    for name, how in (("opus", opus), ("opus-stereo", {**opus, "channels": 2}), ("vorbis", vorbis)):
        yield _made(f"{name}.webm", muxer="webm", **how)
        yield _made(f"{name}-live.webm", muxer="webm", **how, muxing={"live": "1"}, seekable=False)
        yield _made(f"{name}-small-clusters.webm", muxer="webm", **how, muxing={"cluster_time_limit": "500"})
        yield _made(f"{name}-cues-in-front.webm", muxer="webm", **how, muxing={"cues_to_front": "1"})
    yield _made("opus-16.webm", muxer="webm", codec="libopus", hertz=16_000)
    for video in ("first", "last"):
        yield _made(f"video-{video}.webm", muxer="webm", **opus, video=video)
    for codec in ("aac", "flac", "pcm_s16le", "libmp3lame", "alac", "ac3"):
        yield _made(f"{codec}.mkv", muxer="matroska", codec=codec, metadata=_TAGS)
    yield _made("telephone.mkv", RATE, muxer="matroska", codec="aac", hertz=8000)
    yield Encoded("void.webm", with_void(encode(Encoding("webm", "libopus", 48_000))))


def amrs() -> Iterator[Encoded]:
    """AMR. No encoder of the wideband codec is available here, but any bits are a valid frame."""
    yield _made("telephone.amr", RATE, muxer="amr", codec="libopencore_amrnb", hertz=8000)
    frame = b"\x44" + bytes(range(60))  # 23.85 kbit/s
    yield Encoded("wideband.amr", b"#!AMR-WB\n" + frame * 200)


def joined() -> Iterator[Encoded]:
    """Two recordings, one after the other."""
    counted = encode(Encoding("mp3", "libmp3lame", muxing={"id3v2_version": "0"}))
    tagged = encode(Encoding("mp3", "libmp3lame", metadata=_TAGS))
    yield Encoded("joined.mp3", counted * 2)
    yield Encoded("joined-tagged.mp3", tagged * 3)
    short = encode(Encoding("mp3", "libmp3lame", seconds=0.3))
    yield Encoded("joined-to-a-short-one.mp3", short + tagged)
    opus = encode(Encoding("ogg", "libopus", 48_000))
    yield Encoded("joined.ogg", opus * 2)
    yield Encoded("joined-others.ogg", opus + encode(Encoding("ogg", "libopus", 48_000, seconds=2.0)))


def disguised() -> Iterator[Encoded]:
    """Bytes before the recording that a decoder skips."""
    mp3 = encode(Encoding("mp3", "libmp3lame", 16_000))
    yield Encoded("one-zero.mp3", b"\0" + mp3)
    yield Encoded("zeros.mp3", bytes(4096) + mp3)
    yield Encoded("byte-order-mark.mp3", b"\xef\xbb\xbf" + mp3)
    frames = encode(Encoding("mp3", "libmp3lame", 16_000, muxing={"id3v2_version": "0"}))
    yield Encoded("cut-mid-frame.mp3", frames[500:])
    yield Encoded("id3.flac", id3(700) + encode(Encoding("flac", "flac")))
    yield Encoded("id3-cover.flac", id3(90_000) + encode(Encoding("flac", "flac")))
    yield Encoded("id3.wav", id3(64) + encode(Encoding("wav", "pcm_s16le", 16_000)))
    yield Encoded("id3.ogg", id3(64) + encode(Encoding("ogg", "libopus", 48_000)))
    yield Encoded("mp3-called.wav", mp3)
    wav = encode(Encoding("wav", "pcm_s16le", 16_000))
    yield Encoded("wrong-block-align.wav", wav[:32] + b"\4\0" + wav[34:])


def foreign() -> Iterator[Encoded]:
    """Audio that a decoder reads and Transcribe does not accept."""
    for muxer, codec, name in (
        ("aiff", "pcm_s16be", "a.aiff"), ("caf", "pcm_s16le", "a.caf"), ("w64", "pcm_s16le", "a.w64"),
        ("au", "pcm_s16be", "a.au"), ("asf", "wmav2", "a.wma"), ("adts", "aac", "a.aac"), ("mpegts", "aac", "a.ts"),
        ("avi", "pcm_s16le", "a.avi"), ("flv", "aac", "a.flv"), ("ac3", "ac3", "a.ac3"), ("wv", "wavpack", "a.wv"),
        ("mpeg", "mp2", "a.mpg"), ("tta", "tta", "a.tta"),
    ):  # fmt: skip
        yield _made(name, FORMAT, muxer=muxer, codec=codec, bit_rate=64_000)
    yield _made("rf64.wav", FORMAT, muxer="wav", codec="pcm_s16le", muxing={"rf64": "always"})


def ape() -> bytes:
    """An APEv2 tag with its header and footer."""
    item = struct.pack("<II", 4, 0) + b"Title\0" + b"ward"
    ends = struct.pack("<IIII8x", 2000, len(item) + 32, 1, 0xA0000000)
    return b"APETAGEX" + ends + item + b"APETAGEX" + ends[:12] + struct.pack("<I8x", 0x80000000)


def with_cover(movie: bytes) -> bytes:
    """A movie with its moov at the end, and a picture of 200 KB in its tags."""
    at = movie.rindex(b"moov") - 4
    tags = box(b"udta", box(b"meta", bytes(4) + box(b"ilst", box(b"covr", box(b"data", bytes(200_000))))))
    return movie[:at] + box(b"moov", movie[at + 8 :] + tags)


def with_asc(movie: bytes, config: str) -> bytes:
    """A movie of AAC with another AudioSpecificConfig in place of ffmpeg's five bytes."""
    at = movie.index(b"\x05\x80\x80\x80\x05", movie.rindex(b"esds")) + 5
    return movie[:at] + bytes.fromhex(config).ljust(5, b"\0") + movie[at + 5 :]


def with_void(webm: bytes) -> bytes:
    """A WebM with a Void and a CRC-32 element in its EBML header, whose length grows accordingly."""
    size = 0x7F & webm[4]
    more = b"\xec\x85void!" + b"\xbf\x84\1\2\3\4"
    return webm[:4] + bytes([0x80 | (size + len(more))]) + more + webm[5:]
