"""Keys of uploads. `given` is the keys to upload, or an encoded key as in a notification."""

import unicodedata
from dataclasses import dataclass

from tests.corpus.item import DEAD_LETTER, IGNORED, OK, Item, rejected

LONGEST = 1024


@dataclass(frozen=True)
class Encoded:
    """A key as in a notification, for which no object can exist."""

    text: str


def _under(*names: str) -> tuple[str, ...]:
    return tuple(f"dictation/{name}" for name in names)


def _long(character: str, size: int) -> str:
    """A key of exactly this many bytes, as far as the character's own length divides them."""
    room = size - len("dictation/.wav")
    text = character * (room // len(character.encode()))
    return f"dictation/{text}{'x' * (room - len(text.encode()))}.wav"


ITEMS = (
    Item("K1", "a space", _under("a b.wav"), OK),
    Item("K2", "a plus sign", _under("a+b.wav"), OK),
    Item("K3", "a literal %2F", _under("a%2Fb.wav", "a/b.wav"), OK, "decoded once: two objects, two jobs"),
    Item("K4", "a lonely percent sign", _under("100%.wav"), OK),
    Item("K5", "Japanese", _under("日本語.mp3"), OK),
    Item("K6", "é composed and decomposed", _under(*(unicodedata.normalize(f, "é.wav") for f in ("NFC", "NFD"))), OK,
         "S3 takes them for two objects, so they are two jobs"),
    Item("K7", "an emoji beyond the first plane", _under("🎙.flac"), OK),
    Item("K8", "1,024 bytes", (_long("k", LONGEST),), OK, "Transcribe is told of the frozen copy, never of the key"),
    Item("K9", "1,024 bytes of characters that take three", (_long("語", LONGEST),), OK),
    Item("K10", "a way out of the folder", _under("../../etc/passwd.wav"), OK, "no key ever becomes a path"),
    Item("K11", "dots and double slashes", _under("a/../b.wav", "./a.wav", "//a.wav", "b.wav", "a.wav"), OK,
         "nothing on the way may make them one"),
    Item("K12", "a leading slash", ("/leading.wav",), rejected("NoProfile"),
         "the first folder's name is empty, and no profile has that prefix"),
    Item("K13", "a folder made in the console", _under("folder/"), IGNORED),
    Item("K14", "no stem", _under(".wav"), OK, "only content and prefix matter"),
    Item("K15", "an extension in capitals", _under("x.WAV"), OK),
    Item("K16", "two extensions", _under("x.wav.exe"), OK, "the content is a recording, and the copy is named by that"),
    Item("K17", "no extension", _under("x"), OK),
    Item("K18", "markup", _under("<script>alert(1)</script>.wav"), OK),
    Item("K19", "line breaks, a tab and a NUL", _under("a\nSet-Cookie: x.wav", "a\rb.wav", "a\tb.wav", "a\x00b.wav"),
         OK, "no log line holds a key, so none can be split"),
    Item("K20", "a spreadsheet's formula", _under("=cmd()|'!A1.mp3"), OK),
    Item("K21", "names Windows keeps for itself", _under("con.wav", "NUL.mp3", "dot.", "space "), OK),
    Item("K22", "right-to-left override", _under("gpj\u202e.wav"), OK),
    Item("K23", "bytes that are no UTF-8", Encoded("dictation/%FF.wav"), DEAD_LETTER,
         "S3 has no such key: somebody else wrote the message, and should see it again"),
    Item("K24", "code of many languages", _under(
        "' OR 1=1 --.wav", "${jndi:ldap://x}.wav", "{{7*7}}.wav", "$(id).wav", "`id`.wav"), OK),
    Item("K25", "half a surrogate pair, encoded", Encoded("dictation/%ED%A0%80.wav"), DEAD_LETTER, "as K23"),
    Item("K26", "half a surrogate pair, in JSON", Encoded("dictation/\ud800.wav"), DEAD_LETTER, "as K23"),
    Item("K27", "an empty key", Encoded(""), DEAD_LETTER, "S3 has no such key"),
    Item("K28", "one name in two folders", _under("ward a/visit.wav", "ward b/visit.wav"), OK),
    Item("K29", "one key uploaded twice", _under("visit.wav", "visit.wav"), OK, "two versions, two jobs"),
    Item("K30", "quotes of every kind", _under("\"O'Malley\" “Jane” «Doe».wav"), OK),
    Item("K31", "characters that delimit URLs", _under("a?b#c&d=e;f@g:h.wav"), OK),
    Item("K32", "a prefix in capitals", ("Dictation/a.wav",), rejected("NoProfile"), "keys are case-sensitive"),
    Item("K33", "a prefix without its slash", ("dictation.wav",), rejected("NoProfile")),
)  # fmt: skip
