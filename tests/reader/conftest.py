"""A browser without a network. Its pages must not log errors or send requests."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from documents.recording_info import RecordingInfo
from stethoscript.transcript import Transcript
from tests.reader import samples

Opened = Callable[..., Page]
SWITCHES = ("--autoplay-policy=no-user-gesture-required", "--mute-audio")


@dataclass(frozen=True)
class Watched:
    """The forbidden actions of a page."""

    complaints: list[str]
    requests: list[str]

    @classmethod
    def of(cls, context: BrowserContext) -> "Watched":
        seen = cls([], [])
        context.on("console", lambda message: seen.complaints.append(message.text))
        context.on("weberror", lambda error: seen.complaints.append(str(error.error)))
        context.on("dialog", lambda dialog: (seen.complaints.append(dialog.message), dialog.dismiss()))
        context.on("request", lambda request: seen.requests.append(request.url))
        return seen


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    yield from launched(playwright)


def launched(playwright: Playwright) -> Iterator[Browser]:
    """Start Chromium and close it. Skip the test if it is not installed."""
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("CI") == "true":
            pytest.fail("There is no chromium on the path, and without it nothing of the reader page is proved.")
        pytest.skip("no chromium on the path: apt install chromium")
    browser = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
    yield browser
    browser.close()


@contextmanager
def quiet(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """A context whose pages send no request and log no error."""
    context = browser.new_context(**{"offline": True, "viewport": {"width": 1280, "height": 900}} | options)
    context.set_default_timeout(5000)
    watched = Watched.of(context)
    yield context
    context.close()
    assert watched.complaints == []
    assert [url for url in watched.requests if not url.startswith(("file:", "blob:"))] == []


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """Open a transcript as a file, offline; browser options by keyword."""
    with ExitStack() as contexts:

        def open_(transcript: Transcript, info: RecordingInfo = samples.INFO, **options: Any) -> Page:
            page = contexts.enter_context(quiet(browser, **options)).new_page()
            page.goto(samples.page(tmp_path, transcript, info).as_uri())
            return page

        yield open_


@pytest.fixture
def reading(opened: Opened) -> Page:
    """The demo's consultation, read."""
    return opened(samples.consultation())


@pytest.fixture
def listening(reading: Page) -> Page:
    """The same with its recording."""
    reading.set_input_files("#file", samples.RECORDING)
    reading.wait_for_selector("#controls")
    return reading


def now(page: Page) -> float:
    """The current position of the recording."""
    return float(page.evaluate("() => document.querySelector('audio').currentTime"))


def word(page: Page, number: int) -> Any:
    """A spoken word's element."""
    return page.locator("p[data-w] > *").nth(number)
