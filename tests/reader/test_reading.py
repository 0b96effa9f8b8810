"""Reading: uncertain words and their alternatives, search, names, print, and unchanged pages."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from stethoscript.fields import writing
from stethoscript.transcript import Stretch, Transcript, Word
from tests.reader import samples
from tests.reader.conftest import word
from tests.reader.test_markup import HOSTILE

PAINTED = "(name) => [...CSS.highlights.get(name)].map((range) => [range.startContainer.data, range.endContainer.data])"
LINE = "u => ((style) => style.textDecorationLine + style.textDecorationStyle)(getComputedStyle(u))"
RIGHTMOST = """() => Math.max(...[...document.querySelectorAll("body *:not(.unseen)")]
    .filter((element) => element.checkVisibility()).map((element) => element.getBoundingClientRect().right))"""
DRUG = next(number for number, each in enumerate(samples.consultation().words) if each.text == "levothyroxine")


def test_a_word_shows_its_confidence_and_its_alternatives(reading: Page):
    word(reading, DRUG).click()
    card = reading.get_by_role("region", name="Word")
    expect(card.locator("#word-said")).to_have_text("levothyroxine")
    expect(card.locator("#word-sure")).to_have_text("41 %")
    expect(card.locator("#readings s")).to_have_text(["levothyroxine"])
    expect(card.locator("#readings b")).to_have_text(["levo", "thyroxine"])


def test_a_word_missing_from_an_alternative_is_shown_as_missing(reading: Page):
    fever = next(number for number, each in enumerate(samples.consultation().words) if each.text == "No")
    word(reading, fever).click()
    expect(reading.locator("#readings s")).to_have_text(["No"])
    expect(reading.locator("#readings b")).to_have_count(0)


def test_uncertain_words_are_underlined_by_kind_and_marks_can_be_hidden(reading: Page):
    def line(text: str) -> str:
        return reading.locator("p[data-w] > u", has_text=text).evaluate(LINE)

    assert (line("mucus"), line("levothyroxine")) == ("underlinedotted", "underlinesolid")
    reading.get_by_label("Mark unsure words").uncheck()
    assert line("mucus").startswith("none")


def test_a_key_moves_to_the_next_uncertain_word(reading: Page):
    said = reading.locator("#word-said")
    after = reading.get_by_role("button", name="Next unsure word")
    for expected in ("mucus", "levothyroxine", "albuterol", "prednisone", "mucus"):
        after.click()
        expect(said).to_have_text(expected)
        expect(reading.locator(".chosen")).to_be_in_viewport()
    expect(reading.locator("#unsure-count")).to_have_text("1 of 4 unsure")
    reading.get_by_role("button", name="Previous unsure word").click()
    expect(said).to_have_text("prednisone")


def test_health_information_is_marked_on_request_if_identification_was_on(reading: Page, opened):
    first = reading.locator("p[data-w] > .phi").first
    label = "word => getComputedStyle(word, '::before').content"
    assert first.evaluate(label) == "none"
    reading.get_by_label("Mark health information").check()
    assert "Personal" in first.evaluate(label)
    other = opened(replace(samples.consultation(), identified=False))
    expect(other.get_by_label("Mark health information")).to_have_count(0)


def test_a_search_counts_highlights_and_goes_from_match_to_match(reading: Page):
    field, found = reading.get_by_role("searchbox"), reading.locator("#found")
    field.fill("COUGH")
    expect(found).to_have_text("1 of 2")
    assert [pair[0] for pair in reading.evaluate(PAINTED, "found")] == ["coughing", "cough"]
    assert reading.evaluate(PAINTED, "match") == [["coughing", "coughing"]]
    reading.get_by_role("button", name="Next match").click()
    expect(found).to_have_text("2 of 2")
    expect(reading.locator(".chosen")).to_have_text("cough")
    field.press("Enter")
    expect(found).to_have_text("1 of 2")
    field.press("Shift+Enter")
    expect(found).to_have_text("2 of 2")
    field.fill("appendicitis")
    expect(found).to_have_text("none")
    field.press("Escape")
    expect(found).to_be_empty()
    assert reading.evaluate(PAINTED, "found") == []


def test_a_search_for_nothing_finds_nothing(reading: Page):
    word(reading, 3).click()
    field = reading.get_by_role("searchbox")
    field.press("Escape")
    field.fill(" .,")
    reading.wait_for_timeout(200)
    field.press("Enter")
    expect(reading.locator("#found")).to_be_empty()


def test_a_search_matches_across_punctuation_and_speakers(reading: Page):
    reading.get_by_role("searchbox").fill("two cats.  That may")
    expect(reading.locator("#found")).to_have_text("1 of 1")
    assert reading.evaluate(PAINTED, "match") == [["two", "may"]]


def test_a_renamed_speaker_has_the_name_everywhere_on_the_page_and_in_print(reading: Page):
    reading.get_by_label("Name of Speaker 1").fill("Dr. <b>Hall</b>")
    names = reading.locator(".s0 .name")
    assert set(names.all_text_contents()) == {"Dr. <b>Hall</b>"}
    assert "Speaker 2" in reading.locator(".s1 .name").all_text_contents()
    reading.emulate_media(media="print")
    expect(names.first).to_be_visible()
    kept = "() => [localStorage.length, sessionStorage.length, document.cookie]"
    reading.emulate_media(media="screen")
    reading.get_by_label("Name of Speaker 1").fill(" ")
    expect(names.first).to_have_text("Speaker 1")
    assert reading.evaluate(kept) == [0, 0, ""]


def test_print_has_black_text_the_information_and_no_controls(reading: Page):
    reading.emulate_media(media="print", color_scheme="light")
    for shown in ("consultation.flac", "visit-4711", samples.INFO.job, "Transcribed by machine"):
        expect(reading.get_by_text(shown).first).to_be_visible()
    for hidden in (".bar", ".side", ".player"):
        expect(reading.locator(hidden)).to_be_hidden()
    assert reading.locator("p[data-w]").first.evaluate("p => getComputedStyle(p).color") == "rgb(0, 0, 0)"
    assert reading.locator(".turn").first.evaluate("turn => getComputedStyle(turn).breakInside") == "avoid"
    assert reading.pdf().startswith(b"%PDF")


def test_the_words_are_visible_without_the_script(opened):
    page = opened(samples.consultation(), java_script_enabled=False)
    expect(page.get_by_text("Good afternoon, Mrs. Carter.")).to_be_visible()
    for control in (".player", ".side", ".search"):
        expect(page.locator(control)).to_be_hidden()
    expect(page.locator("p[data-w] > u").first).to_have_css("text-decoration-line", "underline")


@pytest.mark.parametrize("words", [Transcript(()), samples.consultation()])
def test_a_page_of_phone_width_needs_no_horizontal_scrolling(opened, words):
    page = opened(words, viewport={"width": 360, "height": 740}, has_touch=True)
    page.set_input_files("#file", samples.RECORDING)
    page.wait_for_selector("#controls")
    assert page.evaluate(RIGHTMOST) <= 360


def test_on_a_small_screen_a_word_s_details_are_above_the_player_until_closed(opened):
    page = opened(samples.consultation(), viewport={"width": 390, "height": 800})
    page.evaluate("() => scrollTo(0, 700)")
    word(page, DRUG).click()
    card = page.get_by_role("region", name="Word")
    expect(card).to_be_in_viewport()
    card.get_by_role("button", name="Close").click()
    expect(card).to_be_hidden()


def test_no_spoken_text_and_no_name_is_executed(opened):
    words = tuple(
        Word(text, i * 1.0, i + 0.9, 0.4, ".", f"spk_{i % 3}" if i % 2 else text, text)
        for i, text in enumerate(HOSTILE)
    )
    stretches = tuple(Stretch(i * 1.0, i + 0.9, (text, f"{text} {text}")) for i, text in enumerate(HOSTILE))
    name = "".join(HOSTILE)
    info = replace(samples.INFO, source=name, correlation_id=name, profile=name, job=name)
    page = opened(Transcript(words, stretches, identified=True, notes=HOSTILE), info)
    elements = page.locator("body *").count()
    page.get_by_label("Mark health information").check()
    page.set_input_files("#file", samples.RECORDING)
    page.wait_for_selector("#controls")
    for number, text in enumerate(HOSTILE):
        page.get_by_role("searchbox").fill(text)
        page.locator("input.rename").first.fill(text)
        word(page, number).dispatch_event("click")
        expect(page.locator("#word-said")).to_have_text(writing(text).strip())
        assert page.locator("body *").count() - elements < 20  # the card's readings
    assert page.evaluate("() => globalThis.hacked") is None
    assert page.url.endswith("transcript.html")


def test_the_policy_blocks_injected_content(browser: Browser, tmp_path: Path):
    page = browser.new_page()
    page.goto(samples.page(tmp_path, samples.consultation()).as_uri())
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.5)
    stopped = page.evaluate(
        """async (elsewhere) => {
      const make = (name, given) => document.body.append(Object.assign(document.createElement(name), given));
      const attempts = [
        () => make("script", { text: "globalThis.hacked = 1" }),
        () => (document.body.innerHTML = "<img src=x onerror='globalThis.hacked = 1'>"),
        () => fetch(elsewhere),
        () => document.body.setAttribute("onclick", "globalThis.hacked = 1"),
        () => make("img", { src: elsewhere }),
        () => make("audio", { src: elsewhere }),
        () => navigator.sendBeacon(elsewhere),
      ];
      const ends = await Promise.allSettled(attempts.map(async (attempt) => attempt()));
      document.body.click();
      return ends.map((end) => end.status).slice(0, 3);
    }""",
        f"http://127.0.0.1:{listener.getsockname()[1]}/",
    )
    assert stopped == ["rejected"] * 3
    assert page.evaluate("() => globalThis.hacked") is None
    with listener, pytest.raises(TimeoutError):
        listener.accept()
    page.close()
