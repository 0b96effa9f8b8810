"""Four hours of speech open at once and scroll smoothly."""

import time

from playwright.sync_api import Browser

from documents import html
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


def test_four_hours_open_within_two_seconds_and_scroll_smoothly(browser: Browser, tmp_path):
    path = samples.page(tmp_path, samples.conversation(36_000))
    assert path.stat().st_size < MOST_BYTES
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    began = time.perf_counter()
    page.goto(path.as_uri())
    page.evaluate(PAINTED)
    assert time.perf_counter() - began < OPENS_WITHIN
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        """Seconds of work of the page's thread, whatever else the machine does."""
        told = devtools.send("Performance.getMetrics")["metrics"]
        return next(each["value"] for each in told if each["name"] == "TaskDuration")

    for step, frames in ((120, 60), (900, 60)):  # a turn of the wheel a frame; a screen a frame
        before = busy()
        assert page.evaluate(SCROLL, [step, frames]) > 0
        assert (busy() - before) / frames < FRAME
    before = busy()
    page.locator("#query").fill("oxygen level is 95")
    page.wait_for_timeout(500)
    assert page.locator("#found").text_content() == "1 of 184"
    assert busy() - before < AT_ONCE
    page.close()


def test_a_page_grows_with_its_words_and_not_faster():
    sizes = [len(html.write(samples.conversation(count), samples.FACTS)) / count for count in (2_000, 20_000)]
    assert sizes[1] < sizes[0] * 1.1
