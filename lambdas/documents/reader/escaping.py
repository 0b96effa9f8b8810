"""The two ways to write untrusted text into the page."""

import html
import json
from typing import Any

from stethoscript.fields import writing

_MARKUP = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&"}


def text(anything: object) -> str:
    """Text between tags or in a quoted attribute, escaped.

    >>> text('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(writing(anything))


def data(anything: Any) -> str:
    r"""JSON for a script element, without characters that end it or begin a comment.

    >>> data("</script>")
    '"\\u003c/script\\u003e"'
    """
    return json.dumps(anything, separators=(",", ":"), allow_nan=False).translate(_MARKUP)
