"""Sentences about defects of an upload that do not reject it. `LedgerRow.warning` is the class."""

from collections.abc import Mapping

from stethoscript import object_metadata

SENTENCES: Mapping[str, str] = {
    "BadCorrelationId": "The correlation id in the object's metadata is ignored, because it is not a valid id: use "
    f"{object_metadata.CORRELATION_RULE}.",
}
"""The sentences never quote the metadata, because notifications carry them."""


def sentence(warning: str | None) -> str | None:
    """The sentence for a warning; None without a warning.

    >>> sentence(None)
    """
    return SENTENCES.get(warning) if warning else None
