"""`open`: a transcript and its recording for one browser on this machine only."""

import re
import socket
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import pytest

from operations.loopback_server import Sound, serving
from tests.client_errors import refusal
from tests.functions.deployment_harness import WAV
from tests.functions.fakes import TRANSCRIPTS
from tests.operations.test_operations import KEY, PATIENT, Operator, operator

__all__ = ["operator"]
pytestmark = pytest.mark.usefixtures("socket_enabled")


@dataclass
class Visit:
    """A browser with access."""

    address: str
    port: int
    room: str

    @classmethod
    def to(cls, address: str) -> "Visit":
        at = urlsplit(address)
        answer, _ = cls(address, at.port, "").get(at.path)
        assert answer.status == 303
        return cls(address, at.port, answer.headers["Location"])

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer, answer.read()


@pytest.fixture
def visited(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run `open` with a scripted browser, and then press Ctrl-C as the operator."""

    def run(job: str, visit: Callable[[Visit], None], *options: str) -> Any:
        def browse(address: str) -> None:
            visit(Visit.to(address))
            raise KeyboardInterrupt

        monkeypatch.setattr(webbrowser, "open", browse)
        return operator.run("open", job, *options)

    return run


@pytest.fixture
def visit() -> Iterator[Visit]:
    """An opened page with a recording of 100 bytes."""
    recording = bytes(range(100))
    sound = Sound(100, "audio/wav", lambda first, last: [recording[first : last + 1]])
    with serving(b"<!DOCTYPE html>", sound, say=pytest.fail) as address:
        yield Visit.to(address)


def test_a_delivered_transcript_opens_with_its_recording(operator, visited):
    upload = operator.delivered(body=WAV)
    operator.pipeline.upload(KEY, b"somebody else's")  # another version of the same key
    seen: dict[str, Any] = {}

    def visit(browser: Visit) -> None:
        seen["page"] = browser.get(browser.room)
        seen["audio"] = browser.get(f"{browser.room}audio", Range="bytes=0-99")

    printed = visited(operator.name(upload), visit).stdout
    page, audio = seen["page"], seen["audio"]
    assert page[0].headers["Content-Type"] == "text/html; charset=utf-8"
    assert PATIENT.split()[0].encode() in page[1]
    assert (audio[0].status, audio[0].headers["Content-Type"], audio[1]) == (206, "audio/wav", WAV[:100])
    assert re.search(r"http://127\.0\.0\.1:[0-9]+/[A-Za-z0-9_-]{32}/\n", printed)


def test_a_transcript_opens_without_its_deleted_recording(operator, visited):
    upload = operator.delivered()
    operator.pipeline.s3.delete_object(Bucket=upload.bucket, Key=upload.key, VersionId=upload.version)
    seen = []
    printed = visited(
        operator.name(upload), lambda it: seen.append((it.get(it.room), it.get(f"{it.room}audio")))
    ).stdout
    ((page, audio),) = seen
    assert (page[0].status, audio[0].status) == (200, 404)
    assert "no longer in the intake bucket" in printed


def test_who_may_not_hear_a_recording_reads_its_transcript_with_the_ledgers_row_alone(operator, visited):
    upload = operator.delivered()
    operator.pipeline.s3.before["head_object"] = [refusal("403", status=403)]
    for service in (operator.pipeline.s3, operator.pipeline.dynamodb):  # neither lists versions nor scans
        service.before["get_paginator"] = [refusal("AccessDeniedException")]
    seen = []
    told = visited(operator.name(upload), lambda it: seen.append((it.get(it.room), it.get(f"{it.room}audio")))).stdout
    ((page, audio),) = seen
    assert (page[0].status, audio[0].status) == (200, 404)
    assert "you may not hear it" in told
    assert "Name the recording by its job" in operator.run("open", "visit-1", code=4).stderr


def test_documents_under_the_uploads_own_path_open_too(operator, visited):
    upload = operator.pipeline.upload(KEY)
    operator.pipeline.start(upload)
    operator.pipeline.write_raw(operator.name(upload))
    operator.pipeline.transcribe.end(operator.name(upload))
    operator.pipeline.deliver(operator.name(upload), layout="mirrored")
    pages = []
    visited(operator.name(upload), lambda browser: pages.append(browser.get(browser.room)[1]))
    assert b"Hello" in pages[0]


def test_a_recording_without_a_transcript_cannot_be_opened(operator):
    lost, waiting = operator.failed(), operator.pipeline.upload("dictation/b.wav")
    for upload in (lost, waiting):
        assert "`explain` says where it is" in operator.run("open", upload.version, code=1).stderr
    operator.run("open", "clinic-nothing", code=3)


def test_an_unreadable_output_is_reported(operator):
    upload = operator.delivered()
    (key,) = [key for key in operator.pipeline.keys(TRANSCRIPTS) if key.endswith("transcribe.json")]
    operator.pipeline.s3.put_object(Bucket=TRANSCRIPTS, Key=key, Body=b"{}")
    assert "cannot be read" in operator.run("open", operator.name(upload), code=1).stderr


def test_an_unreadable_recording_is_reported_without_the_key(operator, visited):
    upload = operator.delivered()

    def visit(browser: Visit) -> None:
        operator.pipeline.s3.before["get_object"] = [refusal("AccessDenied", f"not allowed to read {KEY}")]
        assert browser.get(f"{browser.room}audio")[0].status == 502

    assert "cannot be read just now (ClientError AccessDenied)" in visited(operator.name(upload), visit).stderr


def test_without_a_browser_the_address_is_only_printed(operator, monkeypatch):
    upload = operator.delivered()
    monkeypatch.setattr(webbrowser, "open", pytest.fail)
    monkeypatch.setattr("operations.__main__.Event", Impatient)
    assert "http://127.0.0.1:" in operator.run("open", operator.name(upload), "--no-browser").stdout
    assert operator.json("open", operator.name(upload), "--no-browser")["sound"] is True


class Impatient:
    """An operator who presses Ctrl-C at once."""

    def wait(self) -> None:
        raise KeyboardInterrupt


def test_the_address_opens_once(visit):
    door = urlsplit(visit.address).path
    assert visit.get(door)[0].status == 404
    assert visit.get(visit.room)[0].status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.com", "localhost.evil.com", "127.0.0.1.nip.io", "127.0.0.1", "127.0.0.1:1", "", "[::1]", "0.0.0.0:{port}"],
)
def test_a_foreign_host_name_gets_nothing(visit, host):
    assert visit.get(visit.room, Host=host.format(port=visit.port))[0].status == 403


def test_two_host_headers_or_none_get_nothing(visit):
    ours = f"Host: 127.0.0.1:{visit.port}\r\n"
    for hosts in ("", ours + ours, ours + "Host: evil.com\r\n"):
        with socket.create_connection(("127.0.0.1", visit.port), timeout=5) as client:
            client.sendall(f"GET {visit.room} HTTP/1.1\r\n{hosts}\r\n".encode())
            assert b" 403 " in client.makefile("rb").readline()


@pytest.mark.parametrize("context", ["cross-site", "same-site", "anything"])
def test_another_sites_page_gets_nothing(visit, context):
    assert visit.get(f"{visit.room}audio", Sec_Fetch_Site=context)[0].status == 403
    assert visit.get(f"{visit.room}audio", Sec_Fetch_Site="same-origin")[0].status == 200


@pytest.mark.parametrize(
    "path", ["/", "/audio", "/x/", "{room}x", "{room}../", "{room}?x", "http://127.0.0.1:{port}{room}"]
)
def test_a_wrong_path_gets_nothing(visit, path):
    answer, body = visit.get(path.format(room=visit.room, port=visit.port))
    assert (answer.status, body) == (404, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_no_method_can_send_data(visit, method):
    assert visit.get(visit.room, method)[0].status == 405


def test_no_answer_may_be_cached_framed_sniffed_or_leaked_as_referrer(visit):
    for path in (visit.room, f"{visit.room}audio", "/"):
        headers = visit.get(path)[0].headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Python" not in headers["Server"]
        assert not [name for name in headers if name.lower().startswith("access-control-")]


def test_a_recording_is_read_in_ranges(visit):
    audio = f"{visit.room}audio"
    for asked, status, printed, body in (
        ("bytes=0-", 206, "bytes 0-99/100", bytes(range(100))),
        ("bytes=10-19", 206, "bytes 10-19/100", bytes(range(10, 20))),
        ("bytes=-5", 206, "bytes 95-99/100", bytes(range(95, 100))),
        ("bytes=100-", 416, "bytes */100", b""),
        ("bytes=5-2", 416, "bytes */100", b""),
        (f"bytes={10**30}-", 416, "bytes */100", b""),
    ):
        answer, got = visit.get(audio, Range=asked)
        assert (answer.status, answer.headers["Content-Range"], got) == (status, printed, body)
    whole, got = visit.get(audio)
    assert (whole.status, len(got), whole.headers["Accept-Ranges"]) == (200, 100, "bytes")
    head, got = visit.get(audio, "HEAD")
    assert (head.status, head.headers["Content-Length"], got) == (200, "100", b"")


def test_the_server_is_unreachable_over_the_network(visit):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; finds our address as the network sees it
        outside = probe.getsockname()[0]
    if outside.startswith("127."):
        pytest.skip("this machine has no other address")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((outside, visit.port), timeout=1)


def test_requests_are_not_logged(visit, capfd):
    visit.get(visit.room)
    visit.get("/nothing")
    printed = capfd.readouterr()
    assert printed.out + printed.err == ""


def test_the_server_stops_at_the_end():
    with serving(b"page", None, say=pytest.fail) as address:
        visit = Visit.to(address)
    with pytest.raises(ConnectionError):
        visit.get(visit.room)
