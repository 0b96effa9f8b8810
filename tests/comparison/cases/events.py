"""EventBridge."""

from typing import Any

from tests.comparison.case import ABSENT, ANY, Call, call, case

GONE = "ResourceNotFoundException"


def sent(**more: Any) -> Call:
    """An event."""
    entry = {"Source": "case", "DetailType": "Case", "Detail": "{}", **more}
    return call("events.put_events", Entries=[{name: value for name, value in entry.items() if value is not None}])


def failing(name: str, code: str, event: Call, **more: Any) -> Any:
    """A case of a refused entry, in an answer with status 200."""
    members = {"FailedEntryCount": 1, "Entries.0.ErrorCode": code, "Entries.0.EventId": ABSENT}
    return case(name, event, members=members, **more)


CASES = (
    case("an event is taken", sent(EventBusName="default", Resources=["arn:aws:s3:::a"]),
         members={"FailedEntryCount": 0, "Entries.0.EventId": ANY, "Entries.0.ErrorCode": ABSENT}),
    failing("an event without source", "InvalidArgument", sent(Source=None)),
    failing("an event without type", "InvalidArgument", sent(DetailType=None)),
    failing("an event without detail", "InvalidArgument", sent(Detail=None)),
    failing("a detail that is not JSON", "MalformedDetail", sent(Detail="{")),
    failing("a detail that is no object", "MalformedDetail", sent(Detail="[]"), moto="It takes it."),
    failing("a source that is AWS's own", "NotAuthorizedForSourceException", sent(Source="aws.s3"),
            moto="It takes it."),
    case("one of two fails", call("events.put_events", Entries=[
        {"Source": "case", "DetailType": "Case", "Detail": "{}"}, {"Source": "case", "DetailType": "Case"}]),
        members={"FailedEntryCount": 1, "Entries.0.EventId": ANY, "Entries.1.ErrorCode": "InvalidArgument"}),
    case("an event for a bus that is not there is taken and lost", sent(EventBusName="none"),
         members={"FailedEntryCount": 0, "Entries.0.EventId": ANY},
         source="https://github.com/aws/aws-cli/issues/9186",
         moto="It refuses it."),
    case("eleven events", call("events.put_events", Entries=[
        {"Source": "case", "DetailType": "Case", "Detail": "{}"}] * 11), status=400, code="ValidationException"),
    case("a rule is told", call("events.describe_rule", Name="@rule", EventBusName="default"),
         members={"Name": "@rule", "State": "ENABLED", "EventPattern": ANY}),
    case("a missing rule", call("events.describe_rule", Name="@name"), status=400, code=GONE),
    case("targets of a rule", call("events.list_targets_by_rule", Rule="@rule", EventBusName="default"),
         members={"Targets.0.Arn": "@queue arn", "#Targets": 1}),
    case("targets of a missing rule", call("events.list_targets_by_rule", Rule="@name"), status=400, code=GONE),
)  # fmt: skip
