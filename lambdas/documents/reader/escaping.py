"""The two ways by which somebody's text comes into the page."""

import html
import json
import re
from typing import Any

_NO_WRITING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
"""Control and direction characters, line separators, halves of surrogate pairs: names may hold them, pages may not."""
_MARKUP = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&"}


def shown(anything: object) -> str:
    r"""The text as a page can hold it: U+FFFD for what no page may hold.

    >>> shown("mg\u202e\n") == "mg\ufffd\ufffd"
    True
    """
    return _NO_WRITING.sub("\ufffd", str(anything))


def text(anything: object) -> str:
    """What stands between tags, or within an attribute's quotation marks.

    >>> text('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(shown(anything))


def data(anything: Any) -> str:
    r"""JSON that ends no script and begins no comment.

    >>> data("</script>")
    '"\\u003c/script\\u003e"'
    """
    return json.dumps(anything, separators=(",", ":"), allow_nan=False).translate(_MARKUP)
