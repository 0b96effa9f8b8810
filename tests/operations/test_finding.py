"""Every recording is found by all of its names, also one that no function has looked at yet; lists say how many."""

import io
import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from operations import deployment_status, output
from operations.doctor import PIPELINE
from operations.recordings import Wanted, find, wanted
from operations.waiting_uploads import Search
from tests.client_errors import refusal
from tests.functions.deployment_harness import WAV
from tests.operations.test_operations import KEY, PATIENT, now, operated, send

__all__ = ["operated"]


def waiting(operated, number=14):
    """Uploads with a correlation id each, whose messages wait in the intake queue."""
    uploads = [
        operated.pipeline.upload(f"dictation/{PATIENT}-{each}.wav", Metadata={"correlation-id": f"back-{each}"})
        for each in range(number)
    ]
    send(operated, operated.pipeline.intake_queue, *("a message" for _ in uploads))
    return uploads


# --- by every name ---


def test_a_recording_that_waits_is_found_by_each_of_its_names(operated):
    upload = waiting(operated)[12]
    for called in (operated.name(upload), upload.version, "back-12", f"{PATIENT}-12.wav", upload.key):
        answer = operated.json("explain", called)
        assert (answer["recording"], answer["row"], answer["why"]) == (operated.name(upload), None, "queued")


def test_a_recording_with_a_row_is_found_by_its_file_s_name_and_whole_key(operated):
    upload = operated.delivered()
    for called in (f"{PATIENT}.wav", KEY):
        assert operated.json("explain", called)["recording"] == operated.name(upload)


def test_a_part_of_a_file_s_name_is_no_name(operated):
    operated.delivered()
    operated.pipeline.upload("dictation/other.wav")
    for called in ("Quackenbush", "ther.wav", "dictation/"):
        operated.run("explain", called, code=3)


def test_a_name_that_is_not_found_is_not_repeated(operated):
    assert PATIENT not in operated.run("explain", f"{PATIENT}.wav", code=3).stderr


def test_a_name_of_several_recordings_lists_them_without_their_keys_and_asks_which(operated):
    done = operated.delivered("conversation/visit.wav")
    waits = operated.pipeline.upload("dictation/visit.wav")
    said = operated.run("explain", "visit.wav", code=2).stderr
    assert said.startswith("2 recordings are called so; name one of them by its job:\n")
    assert f"{operated.name(done)}  DELIVERED  received " in said
    assert f"{operated.name(waits)}  WAITING  received " in said
    assert "visit.wav" not in said


def test_a_correlation_id_of_one_with_a_row_and_one_that_waits_asks_which(operated):
    """An erasure by such an id must not take the one that happens to have a row."""
    named = {"Metadata": {"correlation-id": "visit-1"}}
    done, waits = operated.delivered(**named), operated.pipeline.upload("dictation/b.wav", **named)
    said = operated.run("erase", "visit-1", "--yes", code=2).stderr
    assert operated.name(done) in said
    assert operated.name(waits) in said
    assert operated.row(done).state == "DELIVERED"


@pytest.mark.parametrize("command", ["retry", "erase"])
def test_every_command_finds_what_waits(operated, command):
    upload = waiting(operated)[3]
    more = ("--yes", "--no-wait") if command == "erase" else ()
    assert operated.name(upload) in operated.run(command, "back-3", *more).stdout


@pytest.mark.parametrize("name", ["job", "version", "correlation id"])
def test_an_upload_that_gets_its_row_during_the_search_is_found(operated, monkeypatch, name):
    (upload,) = waiting(operated, 1)
    names = {"job": operated.name(upload), "version": upload.version, "correlation id": "back-0"}
    search = Search.uploads

    def meanwhile(self):
        operated.pipeline.start(upload)
        yield from search(self)

    monkeypatch.setattr(Search, "uploads", meanwhile)
    assert find(operated.deployment, names[name]).row.state == "TRANSCRIBING"


def test_an_upload_that_is_deleted_during_the_search_is_passed_over(operated):
    waiting(operated, 1)
    operated.pipeline.s3.before["head_object"] = [refusal("404", status=404)]
    operated.run("explain", "back-0", code=3)
    operated.run("explain", "back-0")


def test_without_the_permission_to_read_metadata_the_search_says_so(operated):
    waiting(operated, 1)
    operated.pipeline.s3.before["head_object"] = [refusal("403", status=403)]
    assert "their metadata needs s3:GetObjectVersion" in operated.run("explain", "back-0", code=3).stderr


# --- bounds ---


def test_a_search_reads_the_metadata_of_the_newest_uploads_and_says_what_it_left_out(operated):
    waiting(operated, 5)
    search = Search(operated.deployment, since=0, most_asked=2)
    assert len(search.correlated(search.uploads(), "back-9")) == 0
    assert search.stopped == "the metadata of the 2 newest of 5 uploads that wait"


def test_a_search_lists_so_many_versions_and_says_where_it_stopped(operated, monkeypatch):
    waiting(operated, 5)
    monkeypatch.setitem(operated.ends, "s3", SmallPages(operated.ends["s3"]))
    search = Search(operated.deployment, since=0, most_versions=3)
    assert len(list(search.uploads())) == 4
    assert search.stopped == "the first 4 versions in the intake bucket"


@dataclass
class SmallPages:
    """S3 that lists two versions a page."""

    s3: Any

    def get_paginator(self, call):
        pages = self.s3.get_paginator(call)
        small = {"PaginationConfig": {"PageSize": 2}}
        return SimpleNamespace(paginate=lambda **asked: pages.paginate(**asked, **small))

    def __getattr__(self, name):
        return getattr(self.s3, name)


def test_a_search_that_takes_longer_than_two_seconds_says_how_far_it_has_come(operated):
    waiting(operated, 2)
    ticks, said = iter(range(0, 1000, 3)), []
    search = Search(operated.deployment, since=0, say=said.append, clock=lambda: next(ticks))
    search.correlated(search.uploads(), "back-1")
    assert said[0] == "Looked through 2 versions in the intake bucket …"
    assert said[-1].startswith("Read the metadata of 2 of 2 uploads")


def test_a_search_looks_no_further_back_than_it_is_told(operated):
    waiting(operated, 1)
    with pytest.raises(Exception, match="looked through the ledger and the uploads since"):
        find(operated.deployment, "back-0", since=now() + 3600)
    operated.run("explain", "back-0", "--since", "1h")


# --- lists ---


def test_a_list_says_how_many_there_are_and_how_to_see_the_others(operated):
    for number in range(5):
        operated.pipeline.start(operated.pipeline.upload(f"dictation/{number}.wav"))
    pages = [operated.json("list", "--most", "2", "--page", str(page)) for page in (1, 2, 3)]
    assert [len(page["recordings"]) for page in pages] == [2, 2, 1]
    assert [(page["total"], page["nextPage"]) for page in pages] == [(5, 2), (5, 3), (5, None)]
    assert len({row["job"] for page in pages for row in page["recordings"]}) == 5
    assert "Shown: 1-2 of 5. `--page 2` shows the next ones." in operated.run("list", "--most", "2").stdout
    assert "Shown: 5-5 of 5.\n" in operated.run("list", "--most", "2", "--page", "3").stdout


@pytest.mark.parametrize("options", [("--profile", "dictation"), ("--state", "delivered"), ("--since", "1h"), ()])
def test_a_list_s_total_counts_what_its_filters_let_through(operated, options):
    operated.delivered()
    answer = operated.json("list", "--most", "1", *options)
    assert (answer["total"], answer["nextPage"]) == (1, None)
    assert operated.json("list", "--profile", "conversation")["total"] == 0


def test_what_waits_is_listed_beside_the_others(operated):
    operated.delivered("conversation/a.wav")
    uploads = waiting(operated, 2)
    answer = operated.json("list")
    assert answer["total"] == 3
    assert [row["job"] for row in answer["recordings"] if row["state"] == "WAITING"]
    only = operated.json("list", "--state", "waiting")
    assert {row["job"] for row in only["recordings"]} == {operated.name(each) for each in uploads}
    assert {(row["state"], row["profile"], row["attempt"]) for row in only["recordings"]} == {
        ("WAITING", "dictation", None)
    }


def test_a_list_searches_the_bucket_only_where_messages_wait_or_it_is_asked_to(operated):
    operated.pipeline.upload("dictation/lost.wav")
    assert operated.json("list")["total"] == 0
    assert operated.json("list", "--state", "waiting")["total"] == 1


def test_status_says_that_uploads_wait(operated):
    waiting(operated, 2)
    assert "About 2 messages wait in the intake queue: `list --state waiting`" in operated.run("status").stdout


def test_watch_shows_correlation_ids_whole_at_a_hundred_columns(operated):
    operated.pipeline.start(operated.pipeline.upload(Metadata={"correlation-id": "urn:oid:2.16.840.1.113883"}))
    console = Console(width=100, height=30, file=io.StringIO(), force_terminal=True)
    latest = wanted(operated.deployment, Wanted(), 20)
    console.print(output.watched(deployment_status.look(operated.deployment), latest, now(), console))
    assert "urn:oid:2.16.840.1.113883" in console.file.getvalue()
    assert "TRANSCRIBING" in console.file.getvalue()


# --- explain and doctor agree ---


def test_explain_says_what_doctor_finds_broken(operated):
    uploads = waiting(operated, 1)
    send(operated, f"{operated.pipeline.completion_queue}-dead-letters", "poison")
    answer = operated.json("explain", operated.name(uploads[0]))
    assert answer["why"] == "queued"
    assert [fault["check"] for fault in answer["faults"] if fault["check"] == "dead letters"]
    assert set(answer["unchecked"]) <= set(PIPELINE)
    said = operated.run("explain", operated.name(uploads[0])).stdout
    assert "Nothing is to be done" not in said
    assert "- dead letters: 1 dead letters of the completion queue" in said


def test_explain_shows_a_warning_in_words(operated):
    upload = operated.delivered(Metadata={"correlation-id": "Jane Doe"})
    assert json.loads(operated.run("explain", upload.version, "--json").stdout)["row"]["warning"] == "BadCorrelationId"
    assert "is left out, because it is no id" in operated.run("explain", upload.version).stdout


@pytest.mark.parametrize(("given", "code"), [("Encounter.4711", 0), ("urn:oid:1.2.3", 0), ("Jane Doe", 2), ("a/b", 2)])
def test_upload_refuses_an_unusable_correlation_id_before_it_uploads(operated, tmp_path, given, code):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    said = operated.run("upload", str(file), "--profile", "dictation", "--correlation-id", given, code=code)
    assert len(operated.pipeline.keys("clinic-intake")) == (code == 0)
    assert code == 0 or "hyphens, dots, underscores or colons" in said.stderr
