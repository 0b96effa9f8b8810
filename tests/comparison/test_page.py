"""docs/local-mode.md lists the differences that the cases list."""

from tests.comparison import page


def test_the_page_lists_what_the_cases_list():
    text = page.PATH.read_text(encoding="utf-8")
    assert page.written() in text, page.REMEDY
    assert page.renewed(text) == text, page.REMEDY
