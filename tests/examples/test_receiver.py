"""The example receiver accepts only messages that SNS has signed."""

import base64
import doctest
import json
import sqlite3
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from examples import signatures
from examples.receiver import Deliveries, server
from examples.signatures import Refused, Verifier

TOPIC = "arn:aws:sns:us-east-1:111122223333:clinic-completion"
CERTIFICATE = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOTICE = {"id": "clinic-1:DELIVERED", "status": "DELIVERED", "job": "clinic-1"}
RSA = rsa.generate_private_key(65537, 2048)
ANOTHER = rsa.generate_private_key(65537, 2048)


def certificate(key, begins=NOW - timedelta(days=1), ends=NOW + timedelta(days=1)):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, begins, ends).sign(key, SHA256())
    return made.public_bytes(Encoding.PEM)


def signed(message, key=RSA, algorithm=None):
    names = {"Notification": "Message MessageId Subject Timestamp TopicArn Type"}.get(
        message["Type"], "Message MessageId SubscribeURL Timestamp Token TopicArn Type"
    )
    text = "".join(f"{name}\n{message[name]}\n" for name in names.split() if name in message)
    signature = key.sign(text.encode(), padding.PKCS1v15(), algorithm or SHA256())
    return message | {"Signature": base64.b64encode(signature).decode()}


def notification(**changed):
    return {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": TOPIC,
        "Subject": "Transcript ready: visit-4711",
        "Message": json.dumps(NOTICE),
        "Timestamp": "2026-11-23T12:00:00.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
    } | changed


def confirmation(**changed):
    subscribe = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    return notification(Type="SubscriptionConfirmation", Message="You …", Token="t", SubscribeURL=subscribe) | changed


class Web:
    """Addresses and their contents. It records the requests."""

    def __init__(self, **at):
        self.asked = []
        self.at = {CERTIFICATE: certificate(RSA)} | at

    def __call__(self, url):
        self.asked.append(url)
        return self.at.get(url, b"")


def verifier(web=None, now=NOW):
    return Verifier({TOPIC}, fetch=web or Web(), now=now.timestamp)


def body(message):
    return json.dumps(message).encode()


@pytest.mark.parametrize("message", [notification(), confirmation(), confirmation(Type="UnsubscribeConfirmation")],
                         ids=lambda message: message["Type"])  # fmt: skip
def test_a_message_signed_by_sns_is_accepted(message):
    assert verifier().verified(body(signed(message)))["MessageId"] == "m-1"


def test_a_message_without_a_subject_is_accepted():
    without = {name: value for name, value in notification().items() if name != "Subject"}
    assert verifier().verified(body(signed(without)))


SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")


@pytest.mark.parametrize("member", SIGNED)
def test_any_change_of_a_signed_message_is_detected(member):
    other = {"Timestamp": "2026-11-23T12:00:01.000Z", "Type": "SubscriptionConfirmation"}.get(member, "other")
    with pytest.raises(Refused):
        verifier().verified(body(signed(notification()) | {member: other}))


@pytest.mark.parametrize("member", ["SubscribeURL", "Token"])
def test_any_change_of_a_signed_confirmation_is_detected(member):
    with pytest.raises(Refused, match="not signed by SNS"):
        verifier().verified(body(signed(confirmation()) | {member: "https://sns.us-east-1.amazonaws.com/other"}))


def test_an_unsigned_message_is_not_passed_on():
    sent = signed(notification()) | {"UnsubscribeURL": "https://evil.example/", "Token": "t"}
    assert set(verifier().verified(body(sent))) == set(SIGNED)


@pytest.mark.parametrize("member", ["MessageId", "Message"])
def test_only_the_subject_may_be_missing(member):
    without = {name: value for name, value in notification().items() if name != member}
    with pytest.raises(Refused):
        verifier().verified(body(signed(without)))


def test_an_added_subject_is_detected():
    without = {name: value for name, value in notification().items() if name != "Subject"}
    with pytest.raises(Refused, match="not signed by SNS"):
        verifier().verified(body(signed(without) | {"Subject": "Pay at once"}))


FORGED = {
    "signed by somebody else": signed(notification(), key=ANOTHER),
    "signed with SHA-1": signed(notification(SignatureVersion="1"), algorithm=SHA1()),
    "SHA-1 called SHA-256": signed(notification(), algorithm=SHA1()),
    "not signed": notification(),
    "a signature that is none": notification(Signature="?"),
    "about another topic": signed(notification(TopicArn=TOPIC.replace("clinic", "other"))),
    "of another account": signed(notification(TopicArn=TOPIC.replace("111122223333", "999999999999"))),
    "of an unknown type": signed(notification(Type="Advertisement")),
    "played again": signed(notification(Timestamp="2026-11-23T09:59:00.000Z")),
    "from the future": signed(notification(Timestamp="2026-11-23T14:01:00.000Z")),
    "of no time": signed(notification(Timestamp="now")),
}


@pytest.mark.parametrize("message", FORGED.values(), ids=FORGED)
def test_a_message_not_signed_by_sns_is_refused(message):
    with pytest.raises(Refused):
        verifier().verified(body(message))


ELSEWHERE = [
    "http://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem",
    "https://sns.us-east-1.amazonaws.com.evil.example/SimpleNotificationService-0a1b2c.pem",
    "https://evil.example/sns.us-east-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem",
    "https://sns.us-east-1.amazonaws.com@evil.example/SimpleNotificationService-0a1b2c.pem",
    "https://sns.us-east-1.amazonaws.com:8443/SimpleNotificationService-0a1b2c.pem",
    "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem",
    "https://sns.us-east-1.amazonaws.com.cn/SimpleNotificationService-0a1b2c.pem",
    "https://bucket.s3.amazonaws.com/SimpleNotificationService-0a1b2c.pem",
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem?x=.txt",
    "https://sns.us-east-1.amazonaws.com/?Action=GetTopicAttributes&TopicArn=evil&x=.pem",
    "https://sns.us-east-1.amazonaws.com/../SimpleNotificationService-0a1b2c.pem",
    "file:///etc/ssl/evil.pem",
    "",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_a_certificate_from_another_address_is_not_fetched(url):
    web = Web(**{url: certificate(RSA)})
    with pytest.raises(Refused):
        verifier(web).verified(body(signed(notification(SigningCertURL=url))))
    assert web.asked == []


@pytest.mark.parametrize(
    "content",
    [b"", b"no certificate", certificate(RSA, ends=NOW - timedelta(hours=1)),
     certificate(RSA, begins=NOW + timedelta(hours=1)), certificate(ec.generate_private_key(ec.SECP256R1()))],
    ids=["empty", "none", "expired", "not yet valid", "of another kind"],
)  # fmt: skip
def test_an_invalid_certificate_is_refused(content):
    with pytest.raises(Refused):
        verifier(Web(**{CERTIFICATE: content})).verified(body(signed(notification())))


@pytest.mark.parametrize("sent", [b"", b"{", b"[]", b"null", b"7", b'{"Type": []}', b"[" * 100_000, b"\xff"])
def test_an_invalid_message_is_refused(sent):
    with pytest.raises(Refused):
        verifier().verified(sent)


LOCAL = "http://localhost:4566/SimpleNotificationService-0a1b2c.pem"


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", "http://localhost:4566", "http://localhost:4566/"])
def test_a_receiver_trusts_every_address_of_the_local_cloud(endpoint):
    one = Verifier({TOPIC}, signatures.trust_endpoint(endpoint), Web(**{LOCAL: certificate(RSA)}), NOW.timestamp)
    assert one.verified(body(signed(notification(SigningCertURL=LOCAL))))["MessageId"] == "m-1"


@pytest.mark.parametrize("url", [*ELSEWHERE, LOCAL.replace("4566", "4567"), LOCAL.replace("http:", "https:"),
                                 LOCAL.replace("localhost", "evil.example"), LOCAL.replace("//", "//evil@"),
                                 LOCAL.replace("4566", "4566@evil.example"), LOCAL.replace("4566", "x")])  # fmt: skip
def test_a_receiver_of_the_local_cloud_trusts_no_other_address(url):
    web = Web(**{url: certificate(RSA)})
    one = Verifier({TOPIC}, signatures.trust_endpoint("http://127.0.0.1:4566"), web, NOW.timestamp)
    with pytest.raises(Refused):
        one.verified(body(signed(notification(SigningCertURL=url))))
    assert web.asked == []


def test_without_an_endpoint_a_receiver_does_not_trust_the_local_cloud():
    web = Web(**{LOCAL: certificate(RSA)})
    with pytest.raises(Refused):
        verifier(web).verified(body(signed(notification(SigningCertURL=LOCAL))))
    assert web.asked == []


@pytest.mark.parametrize("endpoint", ["", "localhost:4566", "file:///tmp", "http://"])
def test_the_command_refuses_an_invalid_endpoint(endpoint):
    with pytest.raises(ValueError, match="is not an endpoint"):
        signatures.trust_endpoint(endpoint)


def test_china_has_an_address_of_its_own():
    topic = "arn:aws-cn:sns:cn-north-1:111122223333:t"
    assert signatures.is_sns_url("https://sns.cn-north-1.amazonaws.com.cn/a.pem", topic)
    assert not signatures.is_sns_url("https://sns.cn-north-1.amazonaws.com/a.pem", topic)


def test_a_subscription_is_confirmed_only_at_sns():
    web = Web()
    one = verifier(web)
    with pytest.raises(Refused, match="SubscribeURL is not trusted"):
        one.confirm(confirmation(SubscribeURL="https://evil.example/?Action=ConfirmSubscription"))
    assert web.asked == []
    one.confirm(confirmation())
    assert web.asked == [confirmation()["SubscribeURL"]]


@contextmanager
def answering(code):
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(code)

    running = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/SimpleNotificationService-0.pem", asked
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def test_a_missing_certificate_is_requested_once_and_the_message_is_refused():
    with answering(404) as (url, asked):
        one = Verifier({TOPIC}, trusted=lambda *_: True, now=NOW.timestamp)
        for _ in range(2):
            with pytest.raises(Refused):
                one.verified(body(signed(notification(SigningCertURL=url))))
    assert len(asked) == 1


def test_a_temporarily_unavailable_certificate_is_requested_again():
    with answering(503) as (url, asked):
        for _ in range(2):
            with pytest.raises(urllib.error.HTTPError) as failed:
                signatures.fetch_from_sns(url)
            failed.value.close()
    assert len(asked) == 2


def test_the_doctest_example_passes():
    assert doctest.testmod(signatures).failed == 0


# The server


@contextmanager
def receiving(path, handle, web=None):
    running = server(0, verifier(web), path, handle)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def post(url, sent):
    request = urllib.request.Request(url, data=sent, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def test_a_notification_sent_several_times_is_handled_once(tmp_path):
    handled = []
    with receiving(tmp_path / "handled.sqlite", handled.append) as url:
        codes = [post(url, body(signed(notification(MessageId=f"m-{number}")))) for number in range(3)]
    with receiving(tmp_path / "handled.sqlite", handled.append) as url:  # it remembers the id across a restart
        codes.append(post(url, body(signed(notification()))))
    assert (codes, handled) == ([200] * 4, [NOTICE])


def test_a_notification_is_handled_again_after_a_failure(tmp_path):
    handled = []

    def handle(notification):
        handled.append(notification)
        if len(handled) == 1:
            raise OSError

    with receiving(tmp_path / "handled.sqlite", handle) as url:
        assert [post(url, body(signed(notification()))) for _ in range(3)] == [500, 200, 200]
    assert len(handled) == 2


@pytest.mark.parametrize("order", [("first", "second", "ERASED"), ("ERASED", "first"), ("first", "ERASED", "second")])
def test_after_an_erasure_nothing_of_the_version_is_kept_in_any_order_of_messages(tmp_path, order):
    deliveries = Deliveries(tmp_path / "kept.sqlite")
    for each in ("other", *order):
        if each == "ERASED":
            deliveries.take({"status": "ERASED", "versionId": "v1"})
        else:
            version = "v2" if each == "other" else "v1"
            deliveries.take({"status": "DELIVERED", "versionId": version, "manifest": {"key": each}})
    kept = sqlite3.connect(tmp_path / "kept.sqlite").execute("SELECT * FROM kept ORDER BY version").fetchall()
    assert kept == [("v1", None), ("v2", '{"key": "other"}')]


def test_a_retried_delivery_replaces_the_previous_one(tmp_path):
    deliveries = Deliveries(tmp_path / "kept.sqlite")
    for attempt in ("first", "second"):
        deliveries.take({"status": "DELIVERED", "versionId": "v1", "manifest": {"key": attempt}})
    kept = sqlite3.connect(tmp_path / "kept.sqlite").execute("SELECT manifest FROM kept").fetchall()
    assert kept == [('{"key": "second"}',)]


def test_a_subscription_is_confirmed_only_after_the_message_is_verified(tmp_path):
    web = Web()
    with receiving(tmp_path / "handled.sqlite", pytest.fail, web) as url:
        assert post(url, body(signed(confirmation(), key=ANOTHER))) == 403
        assert confirmation()["SubscribeURL"] not in web.asked
        assert post(url, body(signed(confirmation()))) == 200
    assert web.asked[-1] == confirmation()["SubscribeURL"]


@pytest.mark.parametrize("sent", [b"", b"{}", b"x" * (signatures.MAX_BYTES + 1)])
def test_any_other_request_is_refused_and_not_handled(tmp_path, sent):
    with receiving(tmp_path / "handled.sqlite", pytest.fail) as url:
        try:
            assert post(url, sent) == 403
        except (ConnectionError, urllib.error.URLError):  # the client disconnected before all was sent
            assert len(sent) > signatures.MAX_BYTES
