"""What was wrong with an upload without being a reason to refuse it, in words: `Row.warning` is the class."""

from collections.abc import Mapping

from stethoscript import object_metadata

SENTENCES: Mapping[str, str] = {
    "BadCorrelationId": "The correlation id of the object's metadata is left out, because it is no id: use "
    f"{object_metadata.CORRELATION_RULE}.",
}
"""Never quotes the metadata: it goes into notifications."""


def sentence(warning: str | None) -> str | None:
    """What a person reads; None if nothing was wrong.

    >>> sentence(None)
    """
    return SENTENCES.get(warning) if warning else None
