"""Make the pictures of the reader page: `python -m tests.reader.pictures` writes docs/pictures."""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.reader import samples
from tests.reader.conftest import SWITCHES

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"


def main() -> None:
    """Take all pictures, in the same browser as the tests."""
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=SWITCHES)
        page = samples.page(Path(folder), samples.consultation()).as_uri()
        _take(browser, page, "reader", 1280, 860)
        _take(browser, page, "reader-dark", 1280, 860, color_scheme="dark")
        _take(browser, page, "reader-phone", 390, 844)
        _print(browser, page)
        browser.close()


def _take(browser: Browser, address: str, name: str, width: int, height: int, **options: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": height}, **options)
    page.goto(address)
    page.set_input_files("#file", samples.RECORDING)
    page.wait_for_selector("#controls")
    page.locator("p[data-w] > u").nth(1).click()
    page.locator(".spoken", has_text="thyroid").wait_for()
    _save(page, name)


def _print(browser: Browser, address: str) -> None:
    """A sheet of A4 with its margins, at 96 dots an inch."""
    page = browser.new_page(viewport={"width": 794, "height": 1123})
    page.goto(address)
    page.get_by_label("Name of Speaker 1").fill("Dr. Hall")
    page.emulate_media(media="print")
    page.evaluate("() => { document.body.style.padding = '18mm 16mm'; scrollTo(0, 0); }")
    _save(page, "reader-paper")


def _save(page: Page, name: str) -> None:
    page.screenshot(path=PICTURES / f"{name}.png")
    page.close()


if __name__ == "__main__":
    main()
