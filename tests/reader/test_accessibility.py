"""Accessibility: keyboard only, assistive technology, reduced motion, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.reader import samples
from tests.reader.conftest import now, word

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
FOCUSED = "() => document.activeElement.textContent"
SPOKEN = samples.consultation().words


def tab_to(page: Page, selector: str) -> int:
    """Press Tab until this element has the focus, and return the number of presses."""
    for presses in range(1, 40):
        page.keyboard.press("Tab")
        if page.locator(selector).evaluate("element => element === document.activeElement"):
            return presses
    raise AssertionError(f"Tab does not lead to {selector}")


def test_the_words_are_one_tab_stop(reading: Page):
    assert tab_to(reading, "p[data-w] > * >> nth=0") < 15
    reading.keyboard.press("Tab")
    assert reading.evaluate("() => !document.activeElement.closest('main')")
    reading.get_by_role("button", name="Next unsure word").click()
    expect(reading.locator("p[data-w] > [tabindex]")).to_have_text(["mucus"])


def test_everything_can_be_done_by_keys(listening: Page):
    press = listening.keyboard.press
    tab_to(listening, "p[data-w] > * >> nth=0")
    press("ArrowRight")
    press("ArrowRight")
    press("ArrowLeft")
    assert listening.evaluate(FOCUSED) == "afternoon"
    press("ArrowDown")
    assert listening.evaluate(FOCUSED) == "Hello"
    press("Enter")
    expect(listening.get_by_role("button", name="Pause")).to_be_visible()
    press("k")
    expect(listening.get_by_role("button", name="Play", exact=True)).to_be_visible()
    there = now(listening)
    assert SPOKEN[10].start < there < 20
    press("l")
    assert now(listening) == pytest.approx(there + 5, abs=0.2)
    press("j")
    assert now(listening) == pytest.approx(there, abs=0.2)
    press("]")
    expect(listening.get_by_label("Speed")).to_have_value("1.25")
    press("n")
    assert listening.evaluate(FOCUSED) == "mucus"
    press("p")
    assert listening.evaluate(FOCUSED) == "prednisone"
    press("u")
    expect(listening.get_by_label("Mark unsure words")).not_to_be_checked()
    press("i")
    expect(listening.get_by_label("Mark health information")).to_be_checked()
    press("f")
    expect(listening.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "false")
    press("m")
    assert listening.evaluate("() => document.querySelector('audio').muted")
    press("/")
    listening.keyboard.type("inhaler")
    expect(listening.locator("#found")).to_have_text("1 of 2")
    press("Enter")
    press("Escape")
    assert listening.evaluate(FOCUSED) == "inhaler"
    press("?")
    expect(listening.get_by_role("dialog")).to_be_visible()
    press("Escape")
    expect(listening.get_by_role("dialog")).to_be_hidden()


def test_a_focused_control_keeps_its_own_keys(listening: Page):
    listening.get_by_label("Name of Speaker 1").click()
    listening.keyboard.type("k n/ Jones")
    expect(listening.locator(".s0 .name").first).to_have_text("Speaker 1k n/ Jones")
    listening.locator("#seek").focus()
    listening.keyboard.press("ArrowRight")
    assert now(listening) == pytest.approx(0.1, abs=0.05)
    listening.get_by_label("Mark unsure words").focus()
    listening.keyboard.press(" ")
    expect(listening.get_by_label("Mark unsure words")).not_to_be_checked()
    expect(listening.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_single_letter_keys_can_be_turned_off_for_speech_input(listening: Page):
    listening.get_by_role("button", name="Keyboard and help").click()
    listening.get_by_label("Single letters are commands").uncheck()
    listening.get_by_role("dialog").get_by_role("button", name="Close").click()
    listening.locator("main").focus()
    listening.keyboard.press("n")
    expect(listening.locator("#word-chosen")).to_be_hidden()
    listening.keyboard.press(" ")
    expect(listening.get_by_role("button", name="Pause")).to_be_visible()


def test_the_help_lists_every_key(reading: Page):
    reading.keyboard.press("?")
    listed = reading.get_by_role("dialog").locator("kbd").all_text_contents()
    assert {"k, Space", "←", "n", "p", "/", "?", "Enter"} <= set(listed)
    assert len(listed) == len(set(listed))


def test_assistive_technology_gets_a_word_s_visible_marks(reading: Page):
    number = next(number for number, each in enumerate(SPOKEN) if each.text == "levothyroxine")
    word(reading, number).click()
    chosen = reading.get_by_role("button", name="levothyroxine")
    expect(chosen).to_have_accessible_description("said at 0:00:27, confidence 41 %, 1 other reading")
    expect(reading.get_by_role("main").get_by_role("heading", level=3).first).to_have_accessible_name(
        "Speaker 1 0:00:00"
    )
    for landmark in ("banner", "main", "search", "complementary"):
        expect(reading.get_by_role(landmark)).to_have_count(1)


def test_reduced_motion_is_respected(opened):
    page = opened(samples.consultation(), reduced_motion="reduce", viewport={"width": 1280, "height": 500})
    page.set_input_files("#file", samples.RECORDING)
    page.wait_for_selector("#controls")
    page.locator("#seek").fill("60")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    word_at_60 = next(number for number, each in enumerate(SPOKEN) if each.end > 60)
    expect(word(page, word_at_60)).to_be_in_viewport(timeout=200)


@pytest.fixture(params=["light", "dark"])
def audited(request, browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The page with axe-core, which the page's own policy would block."""
    context = browser.new_context(bypass_csp=True, color_scheme=request.param)
    page = context.new_page()
    page.goto(samples.page(tmp_path, samples.consultation()).as_uri())
    page.add_script_tag(path=AXE)
    yield page
    context.close()


def violations(page: Page) -> list[str]:
    found = page.evaluate("() => axe.run({ resultTypes: ['violations'] })")
    return [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found["violations"]]


def test_axe_finds_no_violation(audited: Page):
    assert violations(audited) == []
    audited.set_input_files("#file", samples.RECORDINGS / "telehealth.flac")
    audited.wait_for_selector("#controls")
    audited.get_by_label("Mark health information").check()
    audited.get_by_role("searchbox").fill("cough")
    word(audited, 60).click()
    audited.locator(".spoken").wait_for()
    assert violations(audited) == []
    audited.keyboard.press("?")
    assert violations(audited) == []
