"""The local cloud records a request as the SDK sent it, in every protocol."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from botocore.serialize import create_serializer

from local.cloud import sdk_requests
from tests.comparison.case import Call
from tests.comparison.cases import CASES
from tests.comparison.recording import operation

_FIRST = {(call.operation, tuple(call.parameters)): call for case in CASES for call in case.calls}
CALLS = list(_FIRST.values())


def request(call: Call) -> Any:
    """The request of a call: service, method, path, headers, body and query."""
    described = operation(call.operation)
    serializer = create_serializer(described.service_model.resolved_protocol, include_validation=False)
    made = serializer.serialize_to_request(dict(call.parameters), described)
    address = urlsplit(made["url_path"])
    given = {
        name: [value] if isinstance(value, str | int) else value
        for name, value in dict(made["query_string"] or {}).items()
    }
    query = {**parse_qs(address.query, keep_blank_values=True), **given}
    body = made["body"]
    body = urlencode(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    headers = {name.lower(): str(value) for name, value in made["headers"].items()}
    return call.operation.partition(".")[0], made["method"], address.path, headers, body or b"", query


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.operation} {' '.join(call.parameters)}")
def test_a_request_is_read_as_it_was_made(call: Call):
    name, found = sdk_requests.described(*request(call)) or ("", set())
    described = operation(call.operation)
    expected = sdk_requests.paths(described, call.parameters)
    if described.service_model.metadata["protocol"] == "rest-xml":
        payload = described.input_shape.serialization.get("payload") if described.input_shape else None
        found, expected = ({path for path in paths if path.split(".")[0] not in ("Metadata", payload)}
                           for paths in (found, expected))  # fmt: skip
    assert (name, found) == (call.operation, expected)
