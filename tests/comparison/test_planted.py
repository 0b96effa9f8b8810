"""Planted differences in answers are found, of every kind."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.comparison.cases import CASES
from tests.comparison.side import Client, compared, in_moto

Answer = dict[str, Any]


def without(name: str) -> Callable[[Answer], Answer]:
    return lambda answer: {key: value for key, value in answer.items() if key != name}


def with_(**members: Any) -> Callable[[Answer], Answer]:
    return lambda answer: {**answer, **members}


def accepted(_error: Answer) -> Answer:
    return {"ResponseMetadata": {"HTTPStatusCode": 200}}


def status(code: int) -> Callable[[Answer], Answer]:
    return lambda answer: {**answer, "ResponseMetadata": {**answer["ResponseMetadata"], "HTTPStatusCode": code}}


def error(code: str) -> Callable[[Answer], Answer]:
    return lambda answer: {**answer, "Error": {"Code": code}}


PLANTED: dict[tuple[str, str], Callable[[Answer], Answer]] = {
    ("a version's id is missing", "s3.head_object"): without("VersionId"),
    ("another size", "s3.head_object"): with_(ContentLength=7),
    ("a part is answered as the whole", "s3.get_object"): status(200),
    ("a missing key has another error", "s3.get_object"): error("NoSuchFile"),
    ("a copy that may not be is made", "s3.copy_object"): accepted,
    ("a list never ends", "s3.list_objects_v2"): with_(IsTruncated=True),
    ("a failed condition is taken", "dynamodb.put_item"): accepted,
    ("an old page is given again", "dynamodb.query"): without("LastEvaluatedKey"),
    ("a delay above the limit is taken", "sqs.send_message"): accepted,
    ("a broken structure is published", "sns.subscribe"): accepted,
    ("an entry that fails is counted as sent", "events.put_events"): with_(FailedEntryCount=0),
    ("an alarm's state is another status", "cloudwatch.set_alarm_state"): status(202),
}


class Planted:
    """A client whose one operation answers differently: `change` gets each answer of its kind."""

    def __init__(self, client: Any, method: str, change: Callable[[Answer], Answer]) -> None:
        self._client, self._method, self._change = client, method, change

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        return self._changed(call) if name == self._method else call

    def _changed(self, call: Any) -> Any:
        def changed(**parameters: Any) -> Any:
            try:
                answer = call(**parameters)
            except ClientError as refused:
                if self._change is accepted:
                    return accepted(refused.response)
                raise ClientError(self._change(refused.response), self._method) from refused
            return answer if self._change is accepted else self._change(answer)

        return changed


@pytest.fixture(scope="module")
def moto() -> Iterator[Client]:
    with in_moto() as client:
        yield client


@pytest.mark.parametrize(("name", "operation"), PLANTED, ids=lambda value: value)
def test_a_planted_difference_is_found(name: str, operation: str, moto: Client):
    service, _, method = operation.partition(".")

    def planted(asked: str) -> Any:
        client = moto(asked)
        return Planted(client, method, PLANTED[name, operation]) if asked == service else client

    cases = [case for case in CASES if case.calls[-1].operation == operation and not case.moto]
    assert not [case for case in cases if compared(case, moto)]
    assert [case for case in cases if compared(case, planted)]
