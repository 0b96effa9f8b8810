"""`make demo`: three recordings on their real way through the real stacks, and what came of them."""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from local import accuracy, deployment
from local.cloud.problems import CannotStart
from local.cloud.running import Cloud, running
from local.deployment import ROOT, DeploymentFailed
from local.people import Inbox, People

RECORDINGS = ROOT / "local" / "recordings"
BUILD = ROOT / "build" / "demo"
SUBSCRIBER = "records@clinic.example"
PATIENCE_SECONDS = 1800
_HEARTBEAT_SECONDS = 10
_STATES = {"CLAIMED": "frozen, waiting for Transcribe", "TRANSCRIBING": "Transcribe Medical listens"}

console = Console(highlight=False)


@dataclass(frozen=True)
class Recording:
    """A file to upload under a profile, and what is said in it if we know."""

    path: Path
    profile: str
    reference: str | None = None

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    @property
    def seconds(self) -> float | None:
        """How long it is; None if it cannot be told."""
        import av  # noqa: PLC0415 - loads FFmpeg

        try:
            with av.open(str(self.path)) as container:
                return round(container.duration / av.time_base, 2) if container.duration else None
        except av.FFmpegError:
            return None


@dataclass
class Journey:
    """One recording on its way, from upload to notification."""

    recording: Recording
    version: str
    began: float
    state: str = "UPLOADED"
    notification: Mapping[str, Any] | None = None
    seconds: float = 0.0


def main() -> None:
    """Run the demo; every failure ends it with one sentence that says what to do."""
    arguments = _parser().parse_args()
    try:
        journeys = demonstrate(_recordings(arguments.audio, arguments.profile), arguments.engine)
    except (CannotStart, DeploymentFailed) as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit("\nStopped; nothing is left running. `make demo` begins anew.")
    undelivered = [journey for journey in journeys if journey.state != "DELIVERED"]
    if undelivered:
        sys.exit(f"Not delivered: {len(undelivered)} of {len(journeys)}; the reason stands in each notification above.")


def demonstrate(recordings: list[Recording], engine: str) -> list[Journey]:
    """Start the cloud, deploy, upload, wait, show."""
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(mode=0o700, parents=True)  # transcripts of one's own recordings will lie in it
    began = time.monotonic()

    def say(what: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.0f} s[/]  {what}")

    say("Synthesising the stacks …")
    chosen = deployment.choices(emails={"completion": [SUBSCRIBER]})
    assembly = deployment.synthesise(BUILD / "deployment", chosen, say)
    say("Starting the embedded AWS and loading the recogniser …")
    calls = BUILD / "calls.jsonl"
    with running(state=BUILD / "cloud", fresh=True, port=0, engine=engine, calls=calls) as cloud:
        deployed = deployment.deploy(assembly, cloud.endpoint, say)
        people = People(cloud, deployed)
        inbox = Inbox(people)
        say("Deployed. Uploader, reader and subscriber hold the stacks' policies.")
        journeys = list(_upload(people, recordings, say))
        _follow(cloud, deployed, inbox, journeys, say)
        summary = [_summarise(people, journey) for journey in journeys]
        mails = cloud.mails()
        say(_judged(cloud))
    (BUILD / "summary.json").write_text(json.dumps(summary, indent=2), encoding="utf-8")
    _show(summary)
    _show_news(summary[0], mails)
    _show_table(summary)
    return journeys


def _upload(people: People, recordings: list[Recording], say: deployment.Say) -> Iterator[Journey]:
    s3 = people.uploader()
    for number, recording in enumerate(recordings, start=1):
        with recording.path.open("rb") as body:
            put = s3.put_object(
                Bucket=people.deployment["IntakeBucketName"],
                Key=f"{recording.profile}/{recording.path.name}",
                Body=body,
                Metadata={"correlation-id": f"demo-{number}"},
            )
        say(f"{recording.name}: uploaded under {recording.profile}/")
        yield Journey(recording, put["VersionId"], time.monotonic())


def _follow(
    cloud: Cloud, deployed: deployment.Deployment, inbox: Inbox, journeys: list[Journey], say: deployment.Say
) -> None:
    """Say each state a recording reaches, as the ledger has it, until the subscriber has heard of all."""
    dynamodb = cloud.client("dynamodb")
    by_version = {journey.version: journey for journey in journeys}
    heard = time.monotonic()
    deadline = heard + PATIENCE_SECONDS
    while any(journey.notification is None for journey in journeys):
        if time.monotonic() > deadline:
            raise DeploymentFailed(f"No end after {PATIENCE_SECONDS // 60} minutes; look at {BUILD / 'cloud'}.")
        for notification in inbox.read():
            journey = by_version.get(notification["versionId"])
            if journey and journey.notification is None:
                journey.notification, journey.state = notification, notification["status"]
                journey.seconds = round(time.monotonic() - journey.began, 2)
                say(f"{journey.recording.name}: [bold]{journey.state}[/] after {journey.seconds:.1f} s")
                heard = time.monotonic()
        for row in dynamodb.scan(TableName=deployed["LedgerTableName"])["Items"]:
            journey = by_version.get(row.get("version", {}).get("S", ""))
            state = row.get("state", {}).get("S", "")
            if journey and journey.notification is None and state in _STATES and state != journey.state:
                journey.state = state
                say(f"{journey.recording.name}: {_STATES[state]}")
                heard = time.monotonic()
        if time.monotonic() - heard > _HEARTBEAT_SECONDS:
            heard = time.monotonic()
            open_ = [journey.recording.name for journey in journeys if journey.notification is None]
            say(f"[dim]… still at {', '.join(open_)}[/]")


def _judged(cloud: Cloud) -> str:
    """Whether IAM let everybody do what they did: functions and people."""
    asked = cloud.asked()
    if refused := {each["action"] for each in asked if not each["allowed"]}:
        raise DeploymentFailed(f"IAM refused {', '.join(sorted(refused))}; who asked stands in {cloud.calls}.")
    return f"{len(asked)} calls judged by their callers' policies, none refused."


def _summarise(people: People, journey: Journey) -> dict[str, Any]:
    """What summary.json says of a recording; its documents are fetched as the reader."""
    notification = dict(journey.notification or {})
    documents = _fetch(people, journey.recording.name, notification.get("manifest"))
    words, rate = None, None
    if documents:
        words = json.loads(documents["manifest.json"].read_text(encoding="utf-8"))["words"]
        results = json.loads(documents["transcribe.json"].read_text(encoding="utf-8"))["results"]
        if reference := journey.recording.reference:
            rate = round(accuracy.word_error_rate(reference, results["transcripts"][0]["transcript"]), 4)
    return {
        "recording": journey.recording.path.name,
        "job": notification["job"],
        "profile": journey.recording.profile,
        "status": journey.state,
        "audio_seconds": journey.recording.seconds,
        "seconds": journey.seconds,
        "words": words,
        "word_error_rate": rate,
        "documents": [str(path.relative_to(ROOT)) for path in documents.values()],
        "notification": notification,
    }


def _fetch(people: People, name: str, manifest: Mapping[str, str] | None) -> dict[str, Path]:
    """Everything that was delivered for a recording, under `name`; nothing if nothing was."""
    if not manifest:
        return {}
    s3 = people.reader()
    folder = BUILD / name
    folder.mkdir(exist_ok=True)
    listed = json.loads(s3.get_object(Bucket=manifest["bucket"], Key=manifest["key"])["Body"].read())
    fetched = {}
    for key in (manifest["key"], *(entry["key"] for entry in listed["documents"])):
        path = folder / key.rpartition("/")[2]
        path.write_bytes(s3.get_object(Bucket=manifest["bucket"], Key=key)["Body"].read())
        fetched[path.name] = path
    return fetched


def _show(summary: list[dict[str, Any]]) -> None:
    for told in summary:
        for document in told["documents"]:
            if document.endswith("transcript.txt"):
                console.rule(f"[bold]{told['recording']}[/] · the transcript", align="left")
                console.print(Text((ROOT / document).read_text(encoding="utf-8")))


def _show_news(told: dict[str, Any], mails: list[EmailMessage]) -> None:
    """What each kind of subscriber gets about one recording."""
    console.rule(f"[bold]{told['recording']}[/] · what a program receives", align="left")
    console.print(Text(json.dumps(told["notification"], indent=2) + "\n"), soft_wrap=True)
    mail = next((mail for mail in mails if told["notification"]["job"] in mail.get_content()), None)
    if mail:
        console.rule(f"[bold]{told['recording']}[/] · the e-mail a person gets", align="left")
        for name in ("From", "To", "Subject"):
            console.print(Text(f"{name}: {mail[name]}"))
        console.print(Text("\n" + mail.get_content()), soft_wrap=True)


def _show_table(summary: list[dict[str, Any]]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("recording", "status", "audio", "took", "words", "wrong"):
        table.add_column(heading, no_wrap=True)
    for told in summary:
        rate, audio = told["word_error_rate"], told["audio_seconds"]
        table.add_row(
            told["recording"], told["status"],
            f"{audio:.0f} s" if audio else "?", f"{told['seconds']:.1f} s", str(told["words"] or "-"),
            "-" if rate is None else f"{rate:.1%}",
        )  # fmt: skip
    console.print(table)
    pages = [document for told in summary for document in told["documents"] if document.endswith(".html")]
    for page in pages:
        console.print(f"To read and listen, open in a browser: [bold]{page}[/]")
    console.print(
        f"Every document and summary.json are in {BUILD.relative_to(ROOT)}/, every e-mail in its cloud/mail/."
    )


def _recordings(audio: Path | None, profile: str) -> list[Recording]:
    if audio:
        return [Recording(_readable(audio), profile)]
    manifest = json.loads((RECORDINGS / "manifest.json").read_text(encoding="utf-8"))
    return [
        Recording(RECORDINGS / each["path"], each["profile"], accuracy.spoken(RECORDINGS / each["reference"]))
        for each in manifest
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("audio", nargs="?", type=Path, help="a recording of your own")
    parser.add_argument("--profile", default="dictation", choices=["dictation", "conversation", "telehealth"])
    parser.add_argument("--engine", default="whisper", help="see `python -m local.cloud --help`")
    return parser


def _readable(path: Path) -> Path:
    path = path.expanduser()
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        sys.exit(f"{path} cannot be read ({error.strerror}); name a recording: make demo AUDIO=path/to/file.wav")
    return path


if __name__ == "__main__":
    main()
