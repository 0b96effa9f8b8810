"""The two ways by which somebody's text comes into the page."""

import html
import json
from typing import Any

from stethoscript.fields import writing

_MARKUP = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&"}


def text(anything: object) -> str:
    """What stands between tags, or within an attribute's quotation marks.

    >>> text('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(writing(anything))


def data(anything: Any) -> str:
    r"""JSON that ends no script and begins no comment.

    >>> data("</script>")
    '"\\u003c/script\\u003e"'
    """
    return json.dumps(anything, separators=(",", ":"), allow_nan=False).translate(_MARKUP)
