"""The page's markup: all words as plain text, and a content security policy that matches."""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from xml.etree.ElementTree import Element

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import html
from stethoscript.fields import writing
from stethoscript.transcript import Stretch, Transcript, Word
from tests.corpus.transcripts import SPOKEN
from tests.reader import samples

HOSTILE = (
    *SPOKEN.values(), "<!--", "]]>", "<script>hacked=1</script>", "'\"><svg onload=hacked=1>", "$policy ${data} $$",
    "{{7*7}} {% x %} <%= x %>", "\u202egpj.exe\u2069", "&colon;&NewLine;javascript&colon;hacked=1", "<base href=//e>",
    "<meta http-equiv=refresh content=0;url=//evil>", "</style><style>*{background:url(//evil)}", "</title><b>",
)  # fmt: skip


def parsed(transcript: Transcript, info=samples.INFO) -> Element:
    return html5lib.parse(html.write(transcript, info), namespaceHTMLElements=False)


def words_of(page: Element) -> list[str]:
    """The spoken words, from the elements in the paragraphs of the turns."""
    return ["".join(word.itertext()) for paragraph in _spoken(page) for word in paragraph]


def _spoken(page: Element) -> list[Element]:
    return [paragraph for paragraph in page.iter("p") if "data-w" in paragraph.attrib]


def outline(page: Element) -> Iterator[tuple[str, str, str]]:
    """Elements and attributes. Of classes and of our own attributes, only values that are no text and no number."""
    for element in page.iter():
        yield str(element.tag), "", ""
        for name, value in element.attrib.items():
            fixed = name not in ("data-phi", "value", "aria-label", "content", "class", "data-w", "data-speaker")
            yield str(element.tag), name, value if fixed else ""


any_text = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12))
times = st.one_of(st.none(), st.floats(0, 14_460))
any_words = st.builds(
    Word, any_text, times, times, st.one_of(st.none(), st.floats(0, 1)), st.sampled_from(["", ".", ",", "?", "<!--"]),
    st.sampled_from([None, "spk_0", "spk_1", "ch_0", "</h3><b onclick=x>"]), st.one_of(st.none(), any_text),
)  # fmt: skip
stretches = st.builds(Stretch, st.floats(0, 9), st.floats(0, 9), st.lists(any_text, max_size=3).map(tuple))
transcripts = st.builds(
    Transcript, st.lists(any_words, max_size=40).map(tuple), st.lists(stretches, max_size=3).map(tuple),
    st.booleans(), st.lists(any_text, max_size=2).map(tuple),
)  # fmt: skip


@given(transcripts)
def test_every_spoken_word_is_in_the_page_once_and_in_order(transcript):
    shown = [writing(word.text) for word in transcript.words]
    assert words_of(parsed(transcript)) == shown


@given(transcripts, any_text, any_text)
def test_no_text_adds_an_element_or_an_attribute(transcript, source, reference):
    info = replace(samples.INFO, source=source or "x", correlation_id=reference)
    assert set(outline(parsed(transcript, info))) <= allowed()


@cache
def allowed() -> set[tuple[str, str, str]]:
    """The elements and attributes that pages use."""
    return set(outline(parsed(_everything()))) | set(outline(parsed(Transcript(()))))


def _everything() -> Transcript:
    """A transcript of harmless texts with everything that a page may show."""
    every = [
        Word("a", 0.0, 1.0, confidence, ".", speaker, category)
        for confidence in (1.0, 0.7, 0.1, None)
        for speaker in (None, "spk_0", "spk_1", "ch_0", "who")
        for category in (None, "Personal")
    ]
    untimed = [replace(word, start=None, end=None) for word in every]
    return Transcript((*every, *untimed), identified=True, notes=("Something is missing.",))


def test_the_script_s_data_cannot_end_the_script_and_is_unchanged():
    stretch = Stretch(0.0, 1.0, ("</script><!--<script>", "a&b\u2028"))
    page = html.write(Transcript((Word("a", 0.0, 1.0, 0.5),), (stretch,)), samples.INFO).decode()
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert not set(data) & set("<>&\u2028\u2029")
    assert json.loads(data)["stretches"] == [[0, 100, ["</script><!--<script>", "a&b\u2028"]]]


def test_the_policy_allows_these_styles_and_this_script_and_no_request():
    page = html.write(samples.consultation(), samples.INFO).decode()
    for element, directive in (("style", "style-src"), ('script type="module"', "script-src")):
        (inline,) = re.findall(f"<{element}>(.*?)</{element.split()[0]}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in html.policy()
    assert "default-src 'none'" in html.policy()
    assert "connect-src" not in html.policy()
    assert not re.search(r"(?:src|href)=.?(?:http|//)|url\(|@import|\bstyle=|\bon[a-z]+=", page)


def test_the_title_names_no_patient_because_browsers_store_it():
    info = replace(samples.INFO, source="dictation/Zebulon Quackenbush.wav")
    (title,) = parsed(samples.consultation(), info).iter("title")
    assert title.text == "Transcript 6a9b4a00, 2026-11-23"


def test_a_recording_without_speech_is_marked_as_such():
    said = " ".join(parsed(Transcript(())).itertext())
    assert "No speech was recognised in this recording" in said


def test_missing_parts_are_listed():
    said = " ".join(parsed(replace(samples.consultation(), notes=("Two words came without a time.",))).itertext())
    assert "Two words came without a time." in said


def test_a_dictation_of_an_hour_is_shown_in_paragraphs_and_these_in_screens():
    hour = tuple(Word("word", i * 0.4, i * 0.4 + 0.3, 0.9) for i in range(9000))
    page = parsed(Transcript(hour))
    assert max(len(paragraph) for paragraph in _spoken(page)) <= 120
    screens = Counter(element.get("class") for element in page.iter("div"))["screen"]
    assert 12 <= screens <= 25


@pytest.mark.parametrize(("label", "badge", "name"), [
    ("spk_0", "1", "Speaker 1"), ("ch_1", "2", "Channel 2"), ("doctor", "1", "doctor"), ("", None, None),
])  # fmt: skip
def test_a_speaker_has_a_numbered_badge_and_a_name(label, badge, name):
    page = parsed(Transcript((Word("a", 0.0, 1.0, 0.9, "", label or None),)))
    shown = {element.get("class"): element.text for element in page.iter("span") if element.get("class")}
    assert (shown.get("badge"), shown.get("name")) == (badge, name)
