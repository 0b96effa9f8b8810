"""The page from the operator's tool: it loads the recording by itself, and no other server is called."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from documents import html
from operations.loopback_server import Sound, serving
from tests.reader import samples
from tests.reader.conftest import Watched, now, word

RECORDING = samples.RECORDING.read_bytes()
SOUND = Sound(len(RECORDING), "audio/flac", lambda first, last: [RECORDING[first : last + 1]])


@pytest.mark.parametrize("sound", [SOUND, None])
def test_a_page_served_on_this_machine_loads_its_recording(browser: Browser, sound: Sound | None):
    page_ = html.write(samples.consultation(), samples.INFO)
    with serving(page_, sound, say=pytest.fail) as address:
        context = browser.new_context()
        watched = Watched.of(context)
        page = context.new_page()
        page.goto(address)
        if sound:
            page.wait_for_selector("#controls")
            word(page, 60).click()
            page.locator(".spoken").wait_for()
            assert now(page) >= samples.consultation().words[60].start
        else:
            expect(page.locator("#said-of-audio")).to_have_text("The recording is not here. If you have it, open it.")
            page.set_input_files("#file", samples.RECORDING)
            page.wait_for_selector("#controls")
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text("consultation.flac")
        context.close()
    at = urlsplit(address)
    assert {urlsplit(url).netloc for url in watched.requests if not url.startswith("blob:")} == {at.netloc}
    assert [text for text in watched.complaints if sound or "404" not in text] == []


@pytest.mark.parametrize("address", ["https://clinic.example/transcript.html", "http://localhost:8000/transcript.html"])
def test_a_page_from_elsewhere_requests_no_recording(browser: Browser, address: str):
    """A page on a remote server sends it no request."""
    context = browser.new_context()
    watched = Watched.of(context)
    body = html.write(samples.consultation(), samples.INFO)
    context.route("**", lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"))
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#pick")).to_be_visible()
    context.close()
    assert watched.requests == [address]
    assert watched.complaints == []
