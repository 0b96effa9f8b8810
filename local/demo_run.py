"""One run of the demo: start the cloud, deploy, upload, wait, and save the delivered documents in build/demo."""

import json
import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import accuracy, deployment
from local.cloud.cloud_process import Cloud, running
from local.cloud.errors import CannotStart
from local.demo_users import DemoUsers, Inbox
from local.deployment import ROOT, DeploymentFailed, Report
from local.progress import phase
from operations import upload_recordings
from operations.errors import CommandError, Misused

RECORDINGS = ROOT / "local" / "recordings"
RESULTS = ROOT / "build" / "demo"
NEW = ROOT / "build" / "demo.new"
OLD = ROOT / "build" / "demo.old"
WORK = ROOT / "build" / "demo-work"
SUBSCRIBER = "records@clinic.example"
RETRY_DELAY_SECONDS = 1800
FAILURES = (CannotStart, DeploymentFailed, CommandError, BotoCoreError, ClientError)
_STATES = {"CLAIMED": "claimed", "TRANSCRIBING": "transcribing"}


@dataclass(frozen=True)
class Recording:
    """A file to upload under a profile, and its spoken text if that is known."""

    path: Path
    profile: str
    reference: str | None = None

    @property
    def seconds(self) -> float | None:
        """Its length; None if FFmpeg cannot read it."""
        import av  # noqa: PLC0415 - loads FFmpeg

        try:
            with av.open(str(self.path.absolute())) as container:
                return round(container.duration / av.time_base, 2) if container.duration else None
        except av.FFmpegError:
            return None


@dataclass
class TrackedUpload:
    """One uploaded recording, its state and its notification."""

    recording: Recording
    version: str
    began: float
    state: str = "uploaded"
    notification: Mapping[str, Any] | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Results:
    """The summary of each recording, and the number of calls that IAM checked."""

    summary: list[dict[str, Any]]
    calls: int


def recordings(audio: Path | None, profile: str) -> list[Recording]:
    """Return the recording to upload, or the demo's own three.

    Raises:
        CommandError: the file cannot be read, or the pipeline would reject it.
    """
    if audio:
        path = audio.expanduser()
        try:
            path.name.encode()
        except UnicodeEncodeError:
            raise Misused("The recording's name is not in UTF-8: rename it, for example to visit.wav.") from None
        upload_recordings.check_file(path)
        return [Recording(path, profile)]
    manifest = json.loads((RECORDINGS / "manifest.json").read_text(encoding="utf-8"))
    return [
        Recording(RECORDINGS / each["path"], each["profile"], accuracy.spoken(RECORDINGS / each["reference"]))
        for each in manifest
    ]


def sentence(failed: Exception) -> str:
    """Return the message for a failure of the run."""
    if isinstance(failed, (BotoCoreError, ClientError)):
        return f"The embedded AWS stopped answering ({failed}). Run `make demo` again."
    return str(failed)


def run(uploads: list[Recording], engine: str) -> Results:
    """Run the demo. It replaces the last run's documents once this run has delivered.

    Raises:
        FAILURES: `sentence` returns the message.
    """
    prepare()
    with phase("Synthesising the stacks") as report:
        settings = deployment.config(emails={"completion": [SUBSCRIBER]})
        assembly = deployment.synthesise(WORK / "deployment", settings, report)
    calls = WORK / "calls.jsonl"
    with ExitStack() as resources:
        with phase("Starting the embedded AWS and its recogniser"):
            start = running(state=WORK / "cloud", fresh=True, port=0, engine=engine, calls=calls)
            cloud = resources.enter_context(start)
        with phase("Deploying the stacks") as report:
            users = DemoUsers(cloud, deployment.deploy(assembly, cloud.endpoint, report))
        with phase("Transcribing " + ", ".join(printable(each.path.name) for each in uploads)) as report:
            inbox = Inbox(users)
            tracked = [_upload(users, number, each) for number, each in enumerate(uploads, start=1)]
            _follow(users, inbox, tracked, report)
        summary = [_save(users, upload, cloud.mails()) for upload in tracked]
        iam_calls = _count_iam_decisions(cloud)
    (NEW / "summary.json").write_text(json.dumps(summary, indent=2), encoding="utf-8")
    replace()
    return Results(summary, iam_calls)


def printable(text: str) -> str:
    """Replace the characters that would control a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def prepare() -> None:
    """Make empty folders for this run. Documents of the last complete run stay; an interrupted run's are removed."""
    if OLD.exists() and not RESULTS.exists():
        OLD.rename(RESULTS)
    for folder in (WORK, NEW):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)  # they will hold transcripts


def replace() -> None:
    """Replace the last run's documents with this run's."""
    shutil.rmtree(OLD, ignore_errors=True)
    if RESULTS.exists():
        RESULTS.rename(OLD)
    NEW.rename(RESULTS)
    shutil.rmtree(OLD, ignore_errors=True)


def _upload(users: DemoUsers, number: int, recording: Recording) -> TrackedUpload:
    with recording.path.open("rb") as body:
        put = users.uploader().put_object(
            Bucket=users.deployment["IntakeBucketName"],
            Key=f"{recording.profile}/{recording.path.name}",
            Body=body,
            Metadata={"correlation-id": f"demo-{number}"},
        )
    return TrackedUpload(recording, put["VersionId"], time.monotonic())


def _follow(users: DemoUsers, inbox: Inbox, tracked: list[TrackedUpload], report: Report) -> None:
    """Report the recordings' states from the ledger until the subscriber has every notification."""
    dynamodb = users.cloud.client("dynamodb")
    by_version = {upload.version: upload for upload in tracked}
    deadline = time.monotonic() + RETRY_DELAY_SECONDS
    while any(upload.notification is None for upload in tracked):
        if time.monotonic() > deadline:
            raise DeploymentFailed(
                f"Not transcribed within {RETRY_DELAY_SECONDS // 60} minutes: read the logs in {WORK / 'cloud'}, "
                "or use a shorter recording."
            )
        for notification in inbox.read():
            upload = by_version.get(notification["versionId"])
            if upload and upload.notification is None:
                upload.notification, upload.state = notification, notification["status"]
                upload.seconds = round(time.monotonic() - upload.began, 2)
        for row in dynamodb.scan(TableName=users.deployment["LedgerTableName"])["Items"]:
            upload = by_version.get(row.get("version", {}).get("S", ""))
            if upload and upload.notification is None:
                upload.state = _STATES.get(row.get("state", {}).get("S", ""), upload.state)
        _count_iam_decisions(users.cloud)  # a denied function is retried for hours, so fail now
        report(", ".join(f"{printable(upload.recording.path.stem)} {upload.state}" for upload in tracked))


def _count_iam_decisions(cloud: Cloud) -> int:
    """Return the number of calls that IAM checked.

    Raises:
        DeploymentFailed: IAM denied one of them.
    """
    asked = cloud.iam_decisions()
    if refused := {each["action"] for each in asked if not each["allowed"]}:
        raise DeploymentFailed(
            f"IAM denied {', '.join(sorted(refused))}: find the caller in {cloud.calls}, and correct the policy."
        )
    return len(asked)


def _save(users: DemoUsers, upload: TrackedUpload, mails: list[EmailMessage]) -> dict[str, Any]:
    """Save a recording's documents, notification and e-mail in its folder; return its entry of summary.json."""
    notification = dict(upload.notification or {})
    folder = NEW / upload.recording.path.stem
    folder.mkdir(exist_ok=True)
    (folder / "notification.json").write_text(json.dumps(notification, indent=2), encoding="utf-8")
    mail = next((mail for mail in mails if notification["job"] in mail.get_content()), None)
    if mail:
        (folder / "mail.eml").write_bytes(mail.as_bytes())
    documents = _fetch(users, folder, notification.get("manifest"))
    rate = None
    if documents and upload.recording.reference:
        results = json.loads((folder / "transcribe.json").read_text(encoding="utf-8"))["results"]
        text = results["transcripts"][0]["transcript"]
        rate = round(accuracy.word_error_rate(upload.recording.reference, text), 4)
    return {
        "recording": upload.recording.path.name,
        "job": notification["job"],
        "profile": upload.recording.profile,
        "status": upload.state,
        "audio_seconds": upload.recording.seconds,
        "seconds": upload.seconds,
        "words": json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["words"] if documents else None,
        "word_error_rate": rate,
        "documents": [f"{RESULTS.relative_to(ROOT)}/{folder.name}/{name}" for name in documents],
        "mail": str(mail["Subject"]) if mail else None,
        "notification": notification,
    }


def _fetch(users: DemoUsers, folder: Path, manifest: Mapping[str, str] | None) -> list[str]:
    """Download a recording's documents as the reader; return their names, or none without a manifest."""
    if not manifest:
        return []
    s3 = users.reader()
    listed = json.loads(s3.get_object(Bucket=manifest["bucket"], Key=manifest["key"])["Body"].read())
    names = []
    for key in (manifest["key"], *(entry["key"] for entry in listed["documents"])):
        names.append(key.rpartition("/")[2])
        (folder / names[-1]).write_bytes(s3.get_object(Bucket=manifest["bucket"], Key=key)["Body"].read())
    return names
