"""Messages of the intake queue. `given` is a body, or a function that makes one from the valid upload."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from stethoscript.uploads import Upload
from tests.corpus.item import DEAD_LETTER, IGNORED, OK, Item

_S3 = json.loads((Path(__file__).parents[1] / "events" / "s3_notification.json").read_text(encoding="utf-8"))


def record(upload: Upload, key: str | None = None, **changes: Any) -> dict[str, Any]:
    """S3's record of an upload, with this encoded key if one is given."""
    record: dict[str, Any] = json.loads(json.dumps(_S3["Records"][0]))
    record["s3"]["bucket"] |= {"name": upload.bucket, "arn": f"arn:aws:s3:::{upload.bucket}"}
    encoded = quote_plus(upload.key) if key is None else key
    record["s3"]["object"] |= {"key": encoded, "versionId": upload.version}
    return record | changes


def notification(upload: Upload, key: str | None = None, **changes: Any) -> str:
    """S3's message about an upload."""
    return json.dumps({"Records": [record(upload, key, **changes)]})


def _changed(change: Callable[[dict[str, Any]], Any]) -> Callable[[Upload], str]:
    def body(upload: Upload) -> str:
        changed = record(upload)
        change(changed)
        return json.dumps({"Records": [changed]})

    return body


def _elsewhere(upload: Upload) -> str:
    return notification(Upload("somebody-elses", upload.key, upload.version))


def _twice(upload: Upload) -> str:
    whole = notification(upload)
    return '{"Records": [], ' + whole[1:]


ITEMS = (
    Item("E1", "S3's test message", json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}), IGNORED),
    Item("E2", "no JSON", "dictation/a.wav", DEAD_LETTER),
    Item("E3a", "a list", "[]", DEAD_LETTER),
    Item("E3b", "null", "null", DEAD_LETTER),
    Item("E3c", "a text", '"x"', DEAD_LETTER),
    Item("E3d", "a million brackets", "[" * 1_000_000, DEAD_LETTER),
    Item("E3e", "a name twice", _twice, OK, "the last one counts, as in every JSON reader"),
    Item("E3f", "a number of ten thousand digits", '{"Records": ' + "1" * 10_000 + "}", DEAD_LETTER),
    Item("E4", "no records", "{}", DEAD_LETTER),
    Item("E5", "200 records of one upload", lambda upload: json.dumps({"Records": [record(upload)] * 200}), OK),
    Item("E6", "a deletion", lambda upload: notification(upload, eventName="ObjectRemoved:Delete"), IGNORED),
    Item("E7", "another bucket's upload", _elsewhere, IGNORED, "counted, and never read: nobody borrows our rights"),
    Item("E8", "another Region's name on it", lambda upload: notification(upload, awsRegion="eu-central-1"), OK,
         "bucket names are unique in the world, and the bucket is ours"),
    Item("E9", "no version", _changed(lambda each: each["s3"]["object"].pop("versionId")), DEAD_LETTER,
         "versioning was switched off: two uploads of one key would be taken for one"),
    Item("E9b", "the version that S3 gives while versioning is suspended",
         _changed(lambda each: each["s3"]["object"].update(versionId="null")), DEAD_LETTER, "as E9"),
    Item("E10", "a size that lies", _changed(lambda each: each["s3"]["object"].update(size=0)), OK,
         "S3 itself is asked"),
    Item("E11", "wrapped by SNS", lambda upload: json.dumps({"Type": "Notification", "Message": notification(upload)}),
         DEAD_LETTER, "nothing we deploy sends that; the sweep of the bucket finds the upload"),
    Item("E12", "an event of EventBridge", lambda upload: json.dumps(
        {"source": "aws.s3", "detail-type": "Object Created", "detail": {"object": {"key": upload.key}}}),
         DEAD_LETTER, "as E11"),
    Item("E13", "64 KB of what is not needed", lambda upload: notification(upload, padding="x" * 64_000), OK),
    Item("E14a", "another major version", lambda upload: notification(upload, eventVersion="3.0"), DEAD_LETTER,
         "the same names may mean other things: better seen than guessed"),
    Item("E14b", "a newer minor version", lambda upload: notification(upload, eventVersion="2.99"), OK),
    Item("E15", "a key that is a number", _changed(lambda each: each["s3"]["object"].update(key=7)), DEAD_LETTER),
    Item("E16", "our own message with a number for a key",
         json.dumps({"upload": {"bucket": "clinic-intake", "key": 7, "version": "v"}}), DEAD_LETTER),
    Item("E17", "our own message with more in it", lambda upload: json.dumps(
        {"upload": {**vars(upload), "more": 1}, "deferrals": 1}), DEAD_LETTER),
    Item("E18", "our own message, put off a billion times", lambda upload: json.dumps(
        {"upload": vars(upload), "deferrals": 10**9}), OK),
    Item("E19", "our own message, put off minus one times", lambda upload: json.dumps(
        {"upload": vars(upload), "deferrals": -1}), OK),
)  # fmt: skip
