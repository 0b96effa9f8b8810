"""Metadata, tags, storage class and encryption of uploads. `given` is how the object is stored and read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.client_errors import refusal
from tests.corpus.item import OK, RETRY, Item, rejected
from tests.functions.fakes import ACCOUNT

FOREIGN_KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/2"
OUR_KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
DENIED = refusal("AccessDenied", "not authorized to perform: kms:Decrypt", 403)
NO_VOCABULARY = refusal("BadRequestException", "The requested vocabulary couldn't be found. Check the name.")
FAILED_VOCABULARY = refusal("BadRequestException", "The requested vocabulary is in the FAILED state.")
NOT_READY = refusal("BadRequestException", "The requested vocabulary isn't ready. Wait until its state is READY.")
WITH_A_KEY_OF_THEIRS = refusal(
    "InvalidRequest",
    "The object was stored using a form of Server Side Encryption. "
    "The correct parameters must be provided to retrieve the object.",
)


@dataclass(frozen=True)
class Put:
    """An upload: the arguments of PutObject, additions to the answer of HeadObject, and the calls that fail."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    head: Mapping[str, Any] = field(default_factory=dict)
    fails: Mapping[str, Exception] = field(default_factory=dict)
    settings: Mapping[str, Any] | None = None
    """The expected settings of the job, where the item tests them."""
    deleted: str = ""


def _meta(settings: Mapping[str, Any] | None = None, **metadata: str) -> Put:
    return Put({name.replace("_", "-"): value for name, value in metadata.items()}, settings=settings)


SPEAKERS = {"ShowSpeakerLabels": True, "MaxSpeakerLabels": 3}

ITEMS = (
    Item("M1", "a content type that lies", Put(more={"ContentType": "text/html"}), OK, "the content tells"),
    Item("M2", "2 KB of a stranger's UTF-8", _meta(patient="=?UTF-8?B?" + "SsO2cmc=" * 200 + "?="), OK),
    Item("M3", "a specialty there is none of", _meta(specialty="CARDIOLOGY"), rejected("InvalidSetting")),
    Item("M4a", "a vocabulary nobody made", Put({"vocabulary-name": "nobodys"}, fails={"start": NO_VOCABULARY}),
         rejected("InvalidSetting")),
    Item("M4b", "a deployed vocabulary that is missing",
         Put({"vocabulary-name": "drugs"}, fails={"start": NO_VOCABULARY}), RETRY,
         "not the upload is at fault but the deployment: it waits, with an alarm"),
    Item("M5", "encrypted with a key sent along (SSE-C)", Put(fails={
        "head_object": refusal("400", "Bad Request"), "get_object": WITH_A_KEY_OF_THEIRS}), rejected("CustomerKey"),
         "HEAD's answer has no words, so one byte is asked for"),
    Item("M6", "archived in Glacier", Put(more={"StorageClass": "GLACIER"}), rejected("Archived")),
    Item("M7", "a KMS key that is not ours", Put(
        head={"SSEKMSKeyId": FOREIGN_KEY}, fails={"get_object": DENIED}), rejected("ForeignKey"),
         "looking it up is allowed and reading is not, and the key is another"),
    Item("M8", "the very version deleted", Put(deleted="version"), rejected("Gone")),
    Item("M9", "a delete marker before the version", Put(deleted="marker"), rejected("Gone"),
         "whoever deletes an upload that waits does not want it transcribed"),
    Item("M10", "archived in Deep Archive", Put(more={"StorageClass": "DEEP_ARCHIVE"}), rejected("Archived")),
    Item("M11", "archived by Intelligent-Tiering", Put(
        head={"StorageClass": "INTELLIGENT_TIERING", "ArchiveStatus": "ARCHIVE_ACCESS"}), rejected("Archived")),
    Item("M12", "restored from Glacier", Put(
        head={"StorageClass": "GLACIER", "Restore": 'ongoing-request="false", expiry-date="Fri, 1 Jan 2027"'}), OK),
    Item("M13", "being restored from Glacier", Put(
        head={"StorageClass": "GLACIER", "Restore": 'ongoing-request="true"'}), rejected("Archived"),
         "it may take two days; the upload is told at once"),
    Item("M14", "Glacier with instant retrieval", Put(more={"StorageClass": "GLACIER_IR"}), OK),
    Item("M15", "archived between two calls", Put(fails={
        "get_object": refusal("InvalidObjectState", "The operation is not valid for the object's storage class", 403),
    }), rejected("Archived")),
    Item("M16", "our own key, and no right to it", Put(
        head={"SSEKMSKeyId": OUR_KEY}, fails={"get_object": DENIED}), RETRY,
         "a broken configuration, not a bad upload"),
    Item("M17", "a KMS key that is not ours but open to us", Put(head={"SSEKMSKeyId": FOREIGN_KEY}), OK),
    Item("M18", "a foreign key that was disabled", Put(
        head={"SSEKMSKeyId": FOREIGN_KEY}, fails={"get_object": refusal("KMS.DisabledException")}),
         rejected("ForeignKey")),
    Item("M19", "a setting without its last letter", _meta(max_speaker_label="3"), rejected("UnknownSetting")),
    Item("M20", "a setting with underscores", Put({"max_speaker_labels": "3"}), rejected("UnknownSetting")),
    Item("M21", "a setting by half its name", _meta(vocabulary="drugs"), rejected("UnknownSetting")),
    Item("M22", "strangers' names", _meta(
        author="Dr. House", specialist="Dr. Cuddy", mtime="1", conversation_id="7", content="x"), OK),
    Item("M23", "blanks and another case", _meta(type=" conversation ", max_speaker_labels=" 3 "), OK,
         "nobody can mean anything else by it"),
    Item("M24", "an encoded word for a value", _meta(SPEAKERS, max_speaker_labels="=?UTF-8?Q?3?="), OK,
         "some clients encode everything, and S3 does what is not ASCII"),
    Item("M25", "a number in other digits", _meta(max_speaker_labels="=?UTF-8?B?2aM=?="), rejected("InvalidSetting")),
    Item("M26", "a broken encoded word", _meta(max_speaker_labels="=?UTF-8?B?A?="), rejected("InvalidSetting")),
    Item("M27", "an encoding there is none of", _meta(type="=?klingon?Q?DICTATION?="), rejected("InvalidSetting")),
    Item("M28", "no value", _meta(type=""), rejected("InvalidSetting")),
    Item("M29", "speakers and channels at once", _meta(max_speaker_labels="2", channel_identification="true"),
         rejected("InvalidSetting")),
    Item("M30", "a correlation id that is a name", _meta(correlation_id="Jane Doe"), OK,
         "it is left out with a warning: nothing is wrong with the recording"),
    Item("M31", "a correlation id without its hyphen", _meta(correlationid="visit-7"), rejected("UnknownSetting")),
    Item("M32", "a correlation id with a line break", _meta(correlation_id="=?UTF-8?Q?a=0Ab?="), OK),
    Item("M33", "tags about a patient", Put(more={"Tagging": "patient=Jane"}), OK, "no tag is read or copied"),
    Item("M34", "forbidden, by no fault of its own", Put(fails={"head_object": refusal("403", status=403)}), RETRY),
    Item("M35", "vanished between two calls", Put(fails={"get_object": refusal("NoSuchVersion", status=404)}),
         rejected("Gone")),
    Item("M36", "another language", _meta(language_code="es-US"), rejected("UnknownSetting")),
    Item("M37", "the language that there is", _meta(language_code="EN-us"), OK),
    Item("M38", "the format that it has", _meta(media_format="wav"), OK),
    Item("M39", "a format that it has not", _meta(media_format="mp3"), rejected("UnknownSetting"),
         "Transcribe fails a job whose format is not the named one"),
    Item("M40", "a switch that is a maximum here", _meta(show_speaker_labels="true"), rejected("UnknownSetting")),
    Item("M41", "a vocabulary that has failed", Put({"vocabulary-name": "mine"}, fails={"start": FAILED_VOCABULARY}),
         rejected("InvalidSetting")),
    Item("M42", "a vocabulary that is being built", Put({"vocabulary-name": "mine"}, fails={"start": NOT_READY}),
         RETRY),
    Item("M43", "a refusal in unknown words", Put(fails={"start": refusal("BadRequestException", "No.")}), RETRY),
)  # fmt: skip
