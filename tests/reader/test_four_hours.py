"""A transcript of four hours opens quickly and scrolls smoothly."""

import time

import pytest
from playwright.sync_api import Browser, expect

from tests.reader import samples

OPENS_WITHIN = 2.0
MOST_BYTES = 6_000_000
FRAME = 1 / 60
AT_ONCE = 0.5
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SCROLL = """([step, frames]) => new Promise((done) => {
  const frame = () => {
    scrollBy({ top: step, behavior: "instant" });
    if (frames--) requestAnimationFrame(frame);
    else done(scrollY);
  };
  requestAnimationFrame(frame);
})"""


@pytest.mark.proof
def test_four_hours_open_within_two_seconds_and_scroll_smoothly(browser: Browser, tmp_path):
    model = samples.four_hours()
    phrase = f"{model.words[20_000].text} {model.words[20_001].text}"
    path = samples.page(tmp_path, model)
    assert path.stat().st_size < MOST_BYTES
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    began = time.perf_counter()
    page.goto(path.as_uri())
    page.evaluate(PAINTED)
    assert time.perf_counter() - began < OPENS_WITHIN
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        """Seconds of work in the page's thread, independent of the machine's other load."""
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        return next(each["value"] for each in metrics if each["name"] == "TaskDuration")

    for step, frames in ((120, 60), (900, 60)):  # one wheel step a frame; a screen a frame
        before = busy()
        assert page.evaluate(SCROLL, [step, frames]) > 0
        assert (busy() - before) / frames < FRAME
    before = busy()
    page.locator("#query").fill(phrase)
    page.wait_for_timeout(500)
    assert " of " in page.locator("#found").text_content()
    assert busy() - before < AT_ONCE
    expect(page.locator(".chosen")).to_be_in_viewport()
    page.close()
