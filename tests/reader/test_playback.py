"""Sound and words: a click plays a word, the highlight follows the sound, and nothing leaves the browser."""

import wave
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from stethoscript.transcript import Transcript, Word
from tests.reader import samples
from tests.reader.conftest import now, word

SPOKEN = samples.consultation().words
GLIDE = 800  # milliseconds that the page may take to reach a word
FOLLOWED = """async (frames) => {
  const seen = [], audio = document.querySelector("audio");
  const words = [...document.querySelectorAll("p[data-w] > *")];
  for (let n = 0; n < frames; n++) {
    await new Promise(requestAnimationFrame);
    seen.push([audio.currentTime, words.findIndex((word) => word.matches(".spoken"))]);
  }
  return seen;
}"""

PAINTED = """(times) => {
  const map = document.querySelector("#overview");
  const { width, height, data } = map.getContext("2d").getImageData(0, 0, map.width, map.height);
  const at = (x, y) => data[(Math.floor(y) * width + Math.floor(x)) * 4 + 3] > 0;
  const x = (time) => (time / document.querySelector("audio").duration) * width;
  return times.map((time) => [0, 1, 2].map((lane) => at(x(time), ((lane + 0.4) * height) / 3)));
}"""


def test_a_click_on_a_word_plays_the_recording_from_there(listening: Page):
    number = next(number for number, each in enumerate(SPOKEN) if each.text == "levothyroxine")
    word(listening, number).click()
    expect(listening.get_by_role("button", name="Pause")).to_be_visible()
    start = SPOKEN[number].start
    listening.wait_for_timeout(300)
    assert start < now(listening) < start + 3


def test_the_highlighted_word_follows_the_sound(listening: Page):
    listening.get_by_label("Speed").select_option("2")
    word(listening, 20).click()
    seen = listening.evaluate(FOLLOWED, 60)
    for time, number in seen[10:]:
        following = SPOKEN[number + 1].start
        assert SPOKEN[number].start - 0.15 <= time <= following + 0.15
    assert len({number for _, number in seen}) >= 3


def test_the_page_scrolls_with_the_highlighted_word_until_the_user_scrolls(listening: Page):
    listening.set_viewport_size({"width": 1280, "height": 500})
    follow = listening.get_by_role("button", name="Follow")
    word(listening, 0).click()
    listening.locator("#seek").fill("55")
    expect(listening.locator(".spoken")).to_be_in_viewport()
    listening.wait_for_timeout(GLIDE)
    listening.mouse.move(600, 300)
    listening.mouse.wheel(0, -3000)
    expect(follow).to_have_attribute("aria-pressed", "false")
    expect(listening.locator(".spoken")).not_to_be_in_viewport()
    follow.click()
    expect(listening.locator(".spoken")).to_be_in_viewport()


def test_the_user_sets_speed_volume_and_position(listening: Page):
    listening.get_by_label("Speed").select_option("1.5")
    listening.get_by_label("Volume").fill("0.5")
    listening.locator("#seek").fill("30")
    state = listening.evaluate("() => { const a = document.querySelector('audio'); return [a.playbackRate, a.volume] }")
    assert state == [1.5, 0.5]
    assert now(listening) == pytest.approx(30, abs=0.1)
    expect(listening.locator("#seek")).to_have_attribute("aria-valuetext", "0:00:30 of 0:01:08")
    listening.get_by_role("button", name="Back 5 seconds").click()
    assert now(listening) == pytest.approx(25, abs=0.1)


def test_the_overview_shows_who_speaks_when_and_where_words_are_unsure(listening: Page):
    doctor, patient = (next(each for each in SPOKEN if each.speaker == label) for label in ("spk_0", "spk_1"))
    unsure = next(each for each in SPOKEN if each.text == "levothyroxine")  # the patient's
    painted = listening.evaluate(PAINTED, [each.start + 0.2 for each in (doctor, patient, unsure)])
    assert painted == [[True, False, False], [False, True, False], [False, True, True]]


def test_without_a_recording_a_click_shows_the_next_step(reading: Page):
    word(reading, 3).click()
    expect(reading.get_by_role("status").filter(has_text="Open the recording to hear it.")).to_be_visible()
    reading.get_by_role("button", name="Dismiss").click()
    word(reading, 4).click()
    expect(reading.locator("#said-of-audio")).to_be_empty()


def test_another_recording_causes_a_warning(reading: Page):
    reading.set_input_files("#file", samples.RECORDINGS / "dictation.wav")
    expect(reading.locator("#said-of-audio")).to_contain_text("Is this the right recording?")
    reading.get_by_role("button", name="Dismiss").click()
    expect(reading.locator("#said-of-audio")).to_be_empty()


def test_a_recording_shorter_than_the_transcript_causes_a_warning(opened, tmp_path: Path):
    short = tmp_path / "consultation.flac"
    with wave.open(str(short), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    page = opened(samples.consultation())
    page.set_input_files("#file", short)
    expect(page.locator("#said-of-audio")).to_contain_text("It ends at 0:00:01, the transcript at 0:01:08")


def test_a_file_that_is_no_recording_is_reported(reading: Page, tmp_path: Path):
    letter = tmp_path / "consultation.flac"
    letter.write_text("Dear colleague")
    reading.set_input_files("#file", letter)
    expect(reading.locator("#said-of-audio")).to_have_text("This browser cannot play that file.")
    expect(reading.locator("#pick")).to_be_visible()


def test_a_recording_can_be_dropped_on_the_page(reading: Page):
    reading.evaluate("""() => {
      const bytes = new Uint8Array(44 + 32000), view = new DataView(bytes.buffer);
      const text = (at, value) => [...value].forEach((letter, i) => (bytes[at + i] = letter.charCodeAt(0)));
      text(0, "RIFF"), view.setUint32(4, 36 + 32000, true), text(8, "WAVEfmt "), view.setUint32(16, 16, true);
      view.setUint16(20, 1, true), view.setUint16(22, 1, true), view.setUint32(24, 16000, true);
      view.setUint32(28, 32000, true), view.setUint16(32, 2, true), view.setUint16(34, 16, true);
      text(36, "data"), view.setUint32(40, 32000, true);
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], "dropped.wav", { type: "audio/wav" }));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }""")
    expect(reading.locator("#controls")).to_be_visible()


def test_a_word_without_a_time_is_read_but_not_played(opened):
    words = [Word("one", 1.0, 1.4, 0.9), Word("two", None, None, 0.9), Word("three", 2.0, None, 0.9)]
    page = opened(Transcript(tuple(words)), replace(samples.INFO, source="consultation.flac"))
    page.set_input_files("#file", samples.RECORDING)
    page.wait_for_selector("#controls")
    word(page, 1).click()
    expect(page.locator("#word-time")).to_have_text("not told")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert now(page) == 0
    assert word(page, 1).get_attribute("role") is None
    word(page, 2).click()
    expect(page.locator(".spoken")).to_have_text("three")
    assert now(page) == pytest.approx(2, abs=0.5)


def test_selecting_text_does_not_start_the_sound(listening: Page):
    box = word(listening, 12).bounding_box()
    listening.mouse.move(box["x"], box["y"] + 5)
    listening.mouse.down()
    listening.mouse.move(box["x"] + 200, box["y"] + 5, steps=4)
    listening.mouse.up()
    assert listening.evaluate("() => getSelection().toString()")
    expect(listening.get_by_role("button", name="Play", exact=True)).to_be_visible()
