"""Every recording is found by all of its names, even before it has a row. Lists give the total number."""

import io
import json
from dataclasses import dataclass
from typing import Any

import pytest
from rich.console import Console

from operations import deployment_status, output
from operations.doctor import PIPELINE
from operations.recordings import Wanted, find, wanted
from operations.waiting_uploads import Search
from tests.client_errors import refusal
from tests.functions.deployment_harness import WAV
from tests.operations.test_operations import KEY, PATIENT, now, operator, send

__all__ = ["operator"]


def waiting(operator, number=14):
    """Uploads with a correlation id each, and with their messages in the intake queue."""
    uploads = [
        operator.pipeline.upload(f"dictation/{PATIENT}-{each}.wav", Metadata={"correlation-id": f"back-{each}"})
        for each in range(number)
    ]
    send(operator, operator.pipeline.intake_queue, *("a message" for _ in uploads))
    return uploads


# --- by every name ---


def test_a_waiting_recording_is_found_by_each_of_its_names(operator):
    upload = waiting(operator)[12]
    for called in (operator.name(upload), upload.version, "back-12", f"{PATIENT}-12.wav", upload.key):
        answer = operator.json("explain", called)
        assert (answer["recording"], answer["row"], answer["why"]) == (operator.name(upload), None, "queued")


def test_a_recording_with_a_row_is_found_by_its_file_s_name_and_whole_key(operator):
    upload = operator.delivered()
    for called in (f"{PATIENT}.wav", KEY):
        assert operator.json("explain", called)["recording"] == operator.name(upload)


def test_a_part_of_a_file_s_name_finds_nothing(operator):
    operator.delivered()
    operator.pipeline.upload("dictation/other.wav")
    for called in ("Quackenbush", "ther.wav", "dictation/"):
        operator.run("explain", called, code=3)


def test_a_name_that_is_not_found_is_not_repeated(operator):
    assert PATIENT not in operator.run("explain", f"{PATIENT}.wav", code=3).stderr


def test_an_ambiguous_name_lists_the_recordings_without_their_keys(operator):
    done = operator.delivered("conversation/visit.wav")
    waits = operator.pipeline.upload("dictation/visit.wav")
    said = operator.run("explain", "visit.wav", code=2).stderr
    assert said.startswith("2 recordings are called so; name one of them by its job:\n")
    assert f"{operator.name(done)}  DELIVERED  received " in said
    assert f"{operator.name(waits)}  WAITING  received " in said
    assert "visit.wav" not in said


def test_a_correlation_id_of_a_row_and_a_waiting_upload_is_ambiguous(operator):
    """An erasure by such an id must not erase only the recording that has a row."""
    named = {"Metadata": {"correlation-id": "visit-1"}}
    done, waits = operator.delivered(**named), operator.pipeline.upload("dictation/b.wav", **named)
    said = operator.run("erase", "visit-1", "--yes", code=2).stderr
    assert operator.name(done) in said
    assert operator.name(waits) in said
    assert operator.row(done).state == "DELIVERED"


@pytest.mark.parametrize("command", ["retry", "erase"])
def test_every_command_finds_a_waiting_recording(operator, command):
    upload = waiting(operator)[3]
    more = ("--yes", "--no-wait") if command == "erase" else ()
    assert operator.name(upload) in operator.run(command, "back-3", *more).stdout


@pytest.mark.parametrize("name", ["job", "version", "correlation id"])
def test_an_upload_that_gets_its_row_during_the_search_is_found(operator, monkeypatch, name):
    (upload,) = waiting(operator, 1)
    names = {"job": operator.name(upload), "version": upload.version, "correlation id": "back-0"}
    search = Search.uploads

    def meanwhile(self):
        operator.pipeline.start(upload)
        yield from search(self)

    monkeypatch.setattr(Search, "uploads", meanwhile)
    assert find(operator.deployment, names[name]).row.state == "TRANSCRIBING"


def test_an_upload_deleted_during_the_search_is_skipped(operator):
    waiting(operator, 1)
    operator.pipeline.s3.before["head_object"] = [refusal("404", status=404)]
    operator.run("explain", "back-0", code=3)
    operator.run("explain", "back-0")


def test_without_the_permission_to_read_metadata_the_search_says_so(operator):
    waiting(operator, 1)
    operator.pipeline.s3.before["head_object"] = [refusal("403", status=403)]
    assert "their metadata needs s3:GetObjectVersion" in operator.run("explain", "back-0", code=3).stderr


# --- limits ---


def test_a_search_reads_the_metadata_of_the_newest_uploads_and_reports_the_rest(operator):
    waiting(operator, 5)
    search = Search(operator.deployment, since=0, most_asked=2)
    assert len(search.correlated(search.uploads(), "back-9")) == 0
    assert search.stopped == "the metadata of the 2 newest of 5 uploads that wait"


def test_a_search_lists_a_limited_number_of_versions_and_reports_where_it_stopped(operator, monkeypatch):
    waiting(operator, 5)
    monkeypatch.setitem(operator.clients, "s3", SmallPages(operator.clients["s3"]))
    search = Search(operator.deployment, since=0, most_versions=3)
    assert len(list(search.uploads())) == 4
    assert search.stopped == "the first 4 versions in the intake bucket"


@dataclass
class SmallPages:
    """S3 that lists two versions a page."""

    s3: Any

    def list_object_versions(self, **asked):
        return self.s3.list_object_versions(**asked, MaxKeys=2)

    def __getattr__(self, name):
        return getattr(self.s3, name)


def test_a_search_longer_than_two_seconds_reports_its_progress(operator):
    waiting(operator, 2)
    ticks, said = iter(range(0, 1000, 3)), []
    search = Search(operator.deployment, since=0, say=said.append, clock=lambda: next(ticks))
    search.correlated(search.uploads(), "back-1")
    assert said[0] == "Looked through 2 versions in the intake bucket …"
    assert said[-1].startswith("Read the metadata of 2 of 2 uploads")


def test_a_search_stops_at_the_given_date(operator):
    waiting(operator, 1)
    with pytest.raises(Exception, match="looked through the ledger and the uploads since"):
        find(operator.deployment, "back-0", since=now() + 3600)
    operator.run("explain", "back-0", "--since", "1h")


# --- lists ---


def test_a_list_gives_the_total_and_the_option_for_more(operator):
    for number in range(5):
        operator.pipeline.start(operator.pipeline.upload(f"dictation/{number}.wav"))
    pages = [operator.json("list", "--most", "2", "--page", str(page)) for page in (1, 2, 3)]
    assert [len(page["recordings"]) for page in pages] == [2, 2, 1]
    assert [(page["total"], page["nextPage"]) for page in pages] == [(5, 2), (5, 3), (5, None)]
    assert len({row["job"] for page in pages for row in page["recordings"]}) == 5
    assert "Shown: 1-2 of 5. `--page 2` shows the next ones." in operator.run("list", "--most", "2").stdout
    assert "Shown: 5-5 of 5.\n" in operator.run("list", "--most", "2", "--page", "3").stdout


@pytest.mark.parametrize("options", [("--profile", "dictation"), ("--state", "delivered"), ("--since", "1h"), ()])
def test_a_list_s_total_counts_the_filtered_recordings(operator, options):
    operator.delivered()
    answer = operator.json("list", "--most", "1", *options)
    assert (answer["total"], answer["nextPage"]) == (1, None)
    assert operator.json("list", "--profile", "conversation")["total"] == 0


def test_waiting_recordings_are_listed_with_the_others(operator):
    operator.delivered("conversation/a.wav")
    uploads = waiting(operator, 2)
    answer = operator.json("list")
    assert answer["total"] == 3
    assert [row["job"] for row in answer["recordings"] if row["state"] == "WAITING"]
    only = operator.json("list", "--state", "waiting")
    assert {row["job"] for row in only["recordings"]} == {operator.name(each) for each in uploads}
    assert {(row["state"], row["profile"], row["attempt"]) for row in only["recordings"]} == {
        ("WAITING", "dictation", None)
    }


def test_a_list_searches_the_bucket_only_if_messages_wait_or_on_request(operator):
    operator.pipeline.upload("dictation/lost.wav")
    assert operator.json("list")["total"] == 0
    assert operator.json("list", "--state", "waiting")["total"] == 1


def test_status_says_that_uploads_wait(operator):
    waiting(operator, 2)
    assert "About 2 messages wait in the intake queue: `list --state waiting`" in operator.run("status").stdout


def test_watch_shows_whole_correlation_ids_at_a_hundred_columns(operator):
    operator.pipeline.start(operator.pipeline.upload(Metadata={"correlation-id": "urn:oid:2.16.840.1.113883"}))
    console = Console(width=100, height=30, file=io.StringIO(), force_terminal=True)
    latest = wanted(operator.deployment, Wanted(), 20)
    console.print(output.watched(deployment_status.look(operator.deployment), latest, now(), console))
    assert "urn:oid:2.16.840.1.113883" in console.file.getvalue()
    assert "TRANSCRIBING" in console.file.getvalue()


# --- explain and doctor agree ---


def test_explain_adds_doctor_s_findings(operator):
    uploads = waiting(operator, 1)
    send(operator, f"{operator.pipeline.completion_queue}-dead-letters", "poison")
    answer = operator.json("explain", operator.name(uploads[0]))
    assert answer["why"] == "queued"
    assert [fault["check"] for fault in answer["faults"] if fault["check"] == "dead letters"]
    assert set(answer["unchecked"]) <= set(PIPELINE)
    said = operator.run("explain", operator.name(uploads[0])).stdout
    assert "Nothing is to be done" not in said
    assert "- dead letters: 1 dead letters of the completion queue" in said


def test_explain_shows_a_warning_as_a_sentence(operator):
    upload = operator.delivered(Metadata={"correlation-id": "Jane Doe"})
    assert json.loads(operator.run("explain", upload.version, "--json").stdout)["row"]["warning"] == "BadCorrelationId"
    assert "because it is not a valid id" in operator.run("explain", upload.version).stdout


@pytest.mark.parametrize(("given", "code"), [("Encounter.4711", 0), ("urn:oid:1.2.3", 0), ("Jane Doe", 2), ("a/b", 2)])
def test_upload_refuses_an_unusable_correlation_id_before_it_uploads(operator, tmp_path, given, code):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    said = operator.run("upload", str(file), "--profile", "dictation", "--correlation-id", given, code=code)
    assert len(operator.pipeline.keys("clinic-intake")) == (code == 0)
    assert code == 0 or "hyphens, dots, underscores or colons" in said.stderr
