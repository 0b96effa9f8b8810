"""Pages of a list, the newest first."""

import base64
import json
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from local.transcribe_medical.request_validation import Request, bad_request

PAGE = 5


class Listed(Protocol):
    """A listed record: the order is by time of creation, then by name."""

    @property
    def created(self) -> float:
        """The time of creation."""

    @property
    def name(self) -> str:
        """The name."""


Item = TypeVar("Item", bound=Listed)


def page(matching: Iterable[Item], request: Request) -> tuple[Sequence[Item], dict[str, str]]:
    """Return the requested page, and the token of the next page if there is one.

    A token names the last record of a page, so records created meanwhile do not shift the next page.
    """
    newest_first = sorted(matching, key=_order, reverse=True)
    rest = _after(newest_first, request.get("NextToken"))
    size = request.get("MaxResults") or PAGE
    shown = rest[:size]
    return shown, {"NextToken": _token(shown[-1])} if len(rest) > size else {}


def _order(item: Listed) -> tuple[float, str]:
    return item.created, item.name


def _token(item: Listed) -> str:
    return base64.urlsafe_b64encode(json.dumps(_order(item)).encode()).decode()


def _after(newest_first: Sequence[Item], token: str | None) -> Sequence[Item]:
    if token is None:
        return newest_first
    try:
        created, name = json.loads(base64.urlsafe_b64decode(token))
        return [item for item in newest_first if _order(item) < (float(created), str(name))]
    except (ValueError, TypeError):
        raise bad_request("The NextToken that you provided is invalid.") from None
