import pytest

from local.cloud import request_guard

LOCAL = (b"host", b"127.0.0.1:4566")


@pytest.mark.parametrize("host", ["127.0.0.1:4566", "localhost:4566", "LOCALHOST", "clinic.localhost:4566"])
def test_programs_on_this_machine_may_pass(host):
    assert request_guard.refusal("/", [(b"host", host.encode())]) is None


@pytest.mark.parametrize(
    "header",
    [
        (b"Origin", b"https://example.org"),
        (b"origin", b"null"),
        (b"Sec-Fetch-Mode", b"cors"),
        (b"sec-fetch-site", b"x"),
    ],
)
def test_a_browser_is_refused_whatever_it_sends(header):
    assert "web pages" in request_guard.refusal("/", [LOCAL, header])


@pytest.mark.parametrize(
    "host", ["example.org", "127.0.0.1.example.org", "localhost.example.org:4566", "169.254.169.254", ""]
)
def test_a_foreign_host_name_is_refused(host):
    assert "127.0.0.1" in request_guard.refusal("/", [(b"host", host.encode())])


@pytest.mark.parametrize(
    "path", ["/_ministack/reset", "/_ministack/config", "/_ministack/sqs/messages", "/_localstack/x"]
)
def test_maintenance_is_refused(path):
    assert "--fresh" in request_guard.refusal(path, [LOCAL])


@pytest.mark.parametrize("path", ["/_ministack/health", "/_ministack/ready", "/_ministack/cfn-response/token"])
def test_health_and_a_functions_answer_to_cloudformation_may_pass(path):
    assert request_guard.refusal(path, [LOCAL]) is None


def passed(headers, kind="http"):
    """Send one request through the guard to an app that answers 200. Return the response."""
    sent = []

    async def app(_scope, _receive, send):
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"Access-Control-Allow-Origin", b"*"), (b"etag", b"1")],
            }
        )
        await send({"type": "http.response.body", "body": b"recording"})

    async def send(message):
        sent.append(message)

    run(request_guard.guarded(app)({"type": kind, "path": "/", "headers": headers}, None, send))
    return sent


def run(coroutine):
    """Run a coroutine without the sockets of an event loop. It must not wait for anything."""
    with pytest.raises(StopIteration):
        coroutine.send(None)


def test_no_answer_invites_other_origins():
    assert passed([LOCAL])[0]["headers"] == [(b"etag", b"1")]


def test_a_refusal_is_one_sentence():
    start, body = passed([LOCAL, (b"origin", b"null")])
    assert start["status"] == 403
    assert body["body"] == b"The local cloud refuses requests of web pages."


def test_websockets_are_closed():
    assert passed([LOCAL], kind="websocket") == [{"type": "websocket.close", "code": 1008}]
