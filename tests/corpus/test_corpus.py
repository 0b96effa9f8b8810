"""The real functions process every item of the corpus, and the outcome is the one in its row.

`python -m tests.corpus` prints the table.
"""

import base64
import csv
import io
import json
import re

import docx
import html5lib
import pytest
import webvtt

from adapters.s3_range_file import BLOCK_BYTES, MOST_BLOCKS
from documents import FORMATS
from documents.recording_info import RecordingInfo
from stacks.config import Config, InvalidConfig
from stethoscript import queue_messages
from stethoscript.profiles import JobSettings
from stethoscript.queue_messages import UploadMessage
from tests.corpus import audio, completion_messages, config, intake_messages, keys, metadata, transcripts
from tests.corpus.item import OK, REFUSED, SAFE
from tests.corpus.recordings import Sparse
from tests.documents.read_back import cues_of
from tests.functions.deployment_harness import WAV
from tests.functions.fakes import INTAKE, WORK

SHORT = 8
"""Parts of a name that a signal may contain by chance, such as `.wav`."""


def rows(table):
    return pytest.mark.parametrize("item", [row(item) for item in table.ITEMS])


def row(item):
    """A test of the item. It is expected to fail while another project's defect prevents the outcome."""
    marks = [pytest.mark.xfail(reason=item.owed)] if item.owed else []
    return pytest.param(item, id=item.id, marks=marks)


@rows(keys)
def test_keys(pipeline, intake, signals, item):
    if isinstance(item.given, keys.Encoded):
        assert intake(intake_messages.notification(pipeline.upload(), item.given.text)) == item.expected
        return
    uploads = [pipeline.upload(key, b"" if key.endswith("/") else WAV) for key in item.given]
    assert {intake(intake_messages.notification(upload)) for upload in uploads} == {item.expected}
    assert pipeline.transcribe.starts == len(uploads) * (item.expected == OK)
    for upload in uploads:  # again, as the reconciler does
        intake(queue_messages.upload_message(UploadMessage(upload)))
    assert pipeline.transcribe.starts == len(uploads) * (item.expected == OK)
    said = signals()
    for key in item.given:
        name = key.partition("/")[2]
        assert key not in said
        assert name not in said or len(name) < SHORT


@rows(metadata)
def test_metadata_storage_class_and_encryption(pipeline, intake, item):
    put = item.given
    upload = pipeline.upload("dictation/a.wav", Metadata=dict(put.metadata), **put.more)
    if put.deleted:
        version = {"VersionId": upload.version} if put.deleted == "version" else {}
        pipeline.s3.delete_object(Bucket=INTAKE, Key=upload.key, **version)
    for call, error in put.fails.items():
        if call == "start":
            pipeline.transcribe.errors = [error]
        else:
            pipeline.s3.before[call] = [error]
    real = pipeline.s3.head_object
    pipeline.s3.head_object = lambda **asked: real(**asked) | put.head
    body = intake_messages.notification(upload)
    assert intake(body) == item.expected
    if put.settings is not None:
        (job,) = pipeline.transcribe.jobs.values()
        assert job["Settings"] == put.settings


@rows(audio)
def test_audio(pipeline, intake, item):
    content, sparse = item.given, isinstance(item.given.body, Sparse)
    body = WAV if sparse else content.body
    upload = pipeline.upload(f"dictation/{content.name}", body, Metadata=dict(content.metadata))
    reads = counted(pipeline, content.body)
    assert intake(intake_messages.notification(upload)) == item.expected
    assert len(reads) <= MOST_BLOCKS
    assert sum(reads) <= MOST_BLOCKS * BLOCK_BYTES
    if content.found:
        assert pipeline.row().media_format == content.found


def counted(pipeline, body):
    """Answer reads of the upload from `body`, which moto need not hold. Returns the bytes of each read."""
    reads = []
    head, size = pipeline.s3.head_object, body.size if isinstance(body, Sparse) else len(body)

    def read(**asked):
        first, last = (int(number) for number in asked["Range"].removeprefix("bytes=").split("-"))
        assert 0 <= first <= last < size, "S3 would not answer such a range"
        reads.append(last + 1 - first)
        headers = {"ContentRange": f"bytes {first}-{last}/{size}", "ContentLength": last + 1 - first}
        return {"Body": io.BytesIO(body[first : last + 1]), **headers}

    pipeline.s3.head_object = lambda **asked: head(**asked) | {"ContentLength": size}
    pipeline.s3.get_object = read
    return reads


@rows(intake_messages)
def test_messages_of_the_intake_queue(pipeline, intake, item):
    upload = pipeline.upload()
    body = item.given(upload) if callable(item.given) else item.given
    assert intake(body) == item.expected
    assert pipeline.transcribe.starts == (item.expected == OK)


@rows(completion_messages)
def test_messages_of_the_completion_queue(pipeline, completion, item):
    pipeline.start(pipeline.upload())
    job = pipeline.row().job
    pipeline.write_raw(job)
    pipeline.transcribe.jobs[job] |= item.given.job
    body = item.given.body(job)
    assert completion(body) == item.expected
    for _ in range(item.given.times - 1):
        completion(body)
    assert len(pipeline.notifications()) == (item.expected not in ("RETRY", "IGNORED", "DEAD LETTER"))


@rows(transcripts)
def test_transcripts(pipeline, completion, item):
    pipeline.start(pipeline.upload())
    job = pipeline.row().job
    body = item.given() if callable(item.given) else item.given
    pipeline.write_raw(job)  # the output that is copied; moto stores large objects slowly, so reads are given below
    pipeline.transcribe.end(job)
    answer = pipeline.s3.get_object
    written = {"Body": io.BytesIO(body), "ContentLength": len(body)}
    pipeline.s3.get_object = lambda **asked: written if asked["Bucket"] == WORK else answer(**asked)
    outcome = completion(json.dumps({"job": job}))
    assert outcome == item.expected or (outcome, item.expected) == (OK, SAFE)


FACTS = RecordingInfo("job", "dictation/visit.wav", 0, JobSettings("DICTATION", "PRIMARYCARE"))
PLACES = {
    "word": lambda said: transcripts.word(said, speaker_label="spk_0"),
    "speaker": lambda said: transcripts.word("cough", speaker_label=said),
}
"""The places in Transcribe's output for text from outside."""


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("spoken", transcripts.SPOKEN.values(), ids=transcripts.SPOKEN)
def test_a_word_stays_plain_text_in_every_document(form, place, spoken):
    """The text around the word does not change: the word opens no element, ends no caption and begins no line."""
    hostile, harmless = (
        FORMATS[form].write(transcripts.transcript.read(transcripts.output(PLACES[place](said), entities=[])), FACTS)
        for said in (spoken, "doctor")
    )
    CHECKS[form](hostile, harmless)


def test_every_document_format_is_checked_with_hostile_words():
    assert set(CHECKS) == set(FORMATS)


TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def lines_stay(written, expected):
    """As many lines as with any word, and no character that displays differently."""
    text = written.decode()
    assert len(text.splitlines()) == len(expected.decode().splitlines())
    assert not set(text) & TURNING


def elements_stay(written, expected):
    """The same elements, properties and numbers of paragraphs in all XML parts."""
    body, other = (docx.Document(io.BytesIO(each)).element.body for each in (written, expected))
    assert [each.tag for each in body.iter()] == [each.tag for each in other.iter()]
    assert not set("".join(body.itertext())) & TURNING


def cues_stay(written, expected):
    """One cue, and no tag except the voice tag."""
    lines_stay(written, expected)
    assert len(webvtt.from_buffer(io.StringIO(written.decode()), strict=True).captions) == 1
    assert re.sub("<v [^<>&]*(&[a-z]+;[^<>&]*)*>", "", written.decode()).count("<") == 0
    assert written.decode().count("-->") == 1


def subtitles_stay(written, expected):
    """One subtitle without a tag."""
    lines_stay(written, expected)
    (cue,) = cues_of(written)
    assert not re.search(r"<[/A-Za-z]|\{\\|-->", cue.raw_text)


def markup_stays(written, expected):
    """The same elements with the same attributes."""
    page, other = (html5lib.parse(each, namespaceHTMLElements=False) for each in (written, expected))
    assert [(each.tag, *each.keys()) for each in page.iter()] == [(each.tag, *each.keys()) for each in other.iter()]
    assert not set(written.decode()) & TURNING


def cells_stay(written, expected):
    """As many rows and cells, and no formula."""
    table, other = (list(csv.reader(io.StringIO(each.decode("utf-8-sig"), newline=""))) for each in (written, expected))
    assert [len(row) for row in table] == [len(row) for row in other]
    cells = [cell for row in table for cell in row] + written.decode().split(";")
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r"))]
    assert not set(written.decode()) & TURNING


def members_stay(written, expected):
    """The same members, all in ASCII."""
    assert written.isascii()
    assert shape(json.loads(written)) == shape(json.loads(expected))


def shape(value):
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value)


def attachment_stays(written, expected):
    members_stay(written, expected)
    texts = [json.loads(each)["content"][0]["attachment"]["data"] for each in (written, expected)]
    lines_stay(*map(base64.b64decode, texts))


CHECKS = {
    "txt": lines_stay,
    "docx": elements_stay,
    "vtt": cues_stay,
    "srt": subtitles_stay,
    "html": markup_stays,
    "csv": cells_stay,
    "json": members_stay,
    "fhir": attachment_stays,
    "masked.txt": lines_stay,
}


@rows(config)
def test_configurations(tmp_path, item):
    given = item.given
    if isinstance(given, str):
        path = tmp_path / "clinic.json"
        path.write_text(given, encoding="utf-8")
        given = str(path)
    else:
        given = config.LEAST | given
    if item.expected == OK:
        Config.read(given)
        return
    assert item.expected == REFUSED
    with pytest.raises(InvalidConfig) as refused:
        Config.read(given)
    assert "\n" not in str(refused.value)


def test_row_names_are_unique_and_there_are_enough_rows():
    from tests.corpus import __main__ as table  # noqa: PLC0415 - a program, imported for its list

    names = [item.id for _, items in table.TABLES for item in items]
    assert len(set(names)) == len(names)
    assert len(names) >= 137
