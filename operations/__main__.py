"""The commands. Each command gathers data, calls the domain, and prints or applies the result."""

import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from operations import backfill as backfilling
from operations import (
    cancellation,
    deployment_commands,
    deployment_status,
    erasure,
    evidence,
    listing,
    loopback_server,
    open_transcript,
    output,
    queues,
    recordings,
    upload_recordings,
)
from operations import explain as explaining
from operations.cli import READABLE, AsJson, HelpfulCommand, Name, ask
from operations.cli import here as _here
from operations.deployment import Deployment
from operations.erasure import Eraser
from operations.errors import Misused
from operations.interruption import until_ctrl_c
from operations.ledger_admin import SEEN
from operations.recordings import ATTENTION_AFTER_SECONDS, Wanted
from operations.time_format import since as moment
from stethoscript.ledger_row import State

_JOB_POLL_SECONDS = 2.0
_WATCHED = 20


app = typer.Typer(
    name="python -m operations",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Where every recording is, why it waits, and what one can do about it.",
    epilog="Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 not found, 4 the cloud or its credentials.",
)

command = partial(app.command, cls=HelpfulCommand)

ShowKey = Annotated[bool, typer.Option("--show-key", help="Show the source's key too: it is patient data.")]
Job = Annotated[str, typer.Argument(help="A job's name, a version id, a correlation id, a file's name or a whole key.")]
Since = Annotated[
    str | None,
    typer.Option(help="Of uploads no function has looked at yet, only those since: 30m, 2h, 7d or an ISO time."),
]


@command()
def upload(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Recordings.")],
    *,
    profile: Annotated[str, typer.Option(help="The prefix to upload under.")],
    correlation_id: Annotated[str | None, typer.Option(help="Your own id; it comes back with the news.")] = None,
    skip: Annotated[
        bool, typer.Option("--skip-refused", help="Upload the others where some files would be refused.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end of all of them.")] = False,
    as_json: AsJson = False,
    name: Name = None,
) -> None:
    """Upload recordings and say their version ids and jobs."""
    here = _here(context, name)
    good, refused = upload_recordings.check(here, files, profile, correlation_id, skip=skip)
    for line in refused:
        output.err.print(f"Left out: {line}", soft_wrap=True)
    if wait:
        upload_recordings.check_wait(here)
    sent = []
    for path in good:
        with _progress(path) as advance:
            sent.append(upload_recordings.send(here, path, profile, correlation_id, advance))
        if not as_json:
            output.out.print(f"{path.name}: version {sent[-1].version}, job {sent[-1].job}", soft_wrap=True)
    say = (lambda _line: None) if as_json else partial(output.err.print, soft_wrap=True)
    ended = {row.recording: row for row in upload_recordings.wait(here, sent, say)} if wait else {}
    if as_json:
        output.as_json(
            [
                {"file": str(each.path), "versionId": each.version, "job": each.job}
                | ({"row": output.row(ended[each.job], show_key=False)} if wait else {})
                for each in sent
            ]
        )
    elif wait:
        output.out.print(output.rows(ended.values(), time.time(), show_key=False))
    undelivered = [each for each in sent if wait and ended[each.job].state is not State.DELIVERED]
    if not as_json:
        for each in undelivered:
            output.out.print(f"{each.path.name}: {output.next_step(ended[each.job])}", soft_wrap=True)
    if undelivered:
        raise typer.Exit(1)


@command()
def status(context: typer.Context, as_json: AsJson = False, name: Name = None) -> None:
    """Show recordings by state, queues, and Transcribe's load."""
    found = deployment_status.look(_here(context, name))
    output.as_json(found.plain()) if as_json else output.out.print(output.overview(found))


@command("list")
def list_(
    context: typer.Context,
    *,
    state: Annotated[str | None, typer.Option(help=f"Only those in this state: {', '.join(SEEN)}.")] = None,
    profile: Annotated[str | None, typer.Option(help="Only those under this profile.")] = None,
    since: Annotated[str | None, typer.Option(help="Only those touched since: 30m, 2h, 7d or an ISO time.")] = None,
    stuck: Annotated[
        bool, typer.Option("--stuck", help="Only open ones that have been where they are for an hour.")
    ] = False,
    most: Annotated[int, typer.Option(min=1, help="Show at most so many.")] = 50,
    page: Annotated[int, typer.Option(min=1, help="Show this page of so many.")] = 1,
    show_key: ShowKey = False,
    as_json: AsJson = False,
    name: Name = None,
) -> None:
    """List recordings, those touched last first, and say how many there are.

    With --stuck, those that wait longest come first. Uploads that no function has looked at yet are WAITING.
    """
    now = time.time()
    state, touched = state and state.upper(), _moment(since, now)
    if state not in (None, *SEEN):
        raise Misused(f"There is no state {state}; there are: {', '.join(SEEN)}.")
    here = _here(context, name)
    if profile is not None:
        here.check_profile(profile)
        profile = profile.rstrip("/")
    which = Wanted(state, profile, touched, int(now) - ATTENTION_AFTER_SECONDS if stuck else None)
    found = listing.listed(here, which, page, most, _say)
    if as_json:
        output.as_json(output.listed_json(found, page, show_key=show_key))
    else:
        output.out.print(output.rows(found.rows, now, show_key=show_key))
        output.out.print(output.how_many(found, page), soft_wrap=True)


@command()
def watch(
    context: typer.Context,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")] = _JOB_POLL_SECONDS,
    as_json: AsJson = False,
    name: Name = None,
) -> None:
    """Show status and recordings live, until Ctrl-C."""
    here = _here(context, name)
    with until_ctrl_c() as stopped:
        (_lines if as_json else _live)(here, every, stopped)


@command()
def explain(
    context: typer.Context,
    job: Job,
    *,
    since: Since = None,
    show_key: ShowKey = False,
    as_json: AsJson = False,
    name: Name = None,
) -> None:
    """Show a recording's way, and why it is where it is."""
    here = _here(context, name)
    found = _find(here, job, since)
    known = evidence.gather(here, found, time.time())
    way, why = explaining.way(known), explaining.explain(known)
    if as_json:
        output.as_json(output.explanation_json(found, way, why, show_key=show_key))
    else:
        output.out.print(output.explanation(found, way, why, show_key=show_key))


@command("open")
def open_(
    context: typer.Context,
    job: Job,
    *,
    browser: Annotated[bool, typer.Option(help="Open the browser too.")] = True,
    since: Since = None,
    as_json: AsJson = False,
    name: Name = None,
) -> None:
    """Open a delivered transcript with its recording in your browser, until Ctrl-C.

    Both are served from memory to this machine alone; nothing is written to disk.
    """
    here = _here(context, name)
    found = open_transcript.opened(here, _find(here, job, since, dated=False))
    with loopback_server.serving(found.page, found.sound, say=output.err.print) as address:
        if as_json:
            output.as_line({"address": address, "sound": found.sound is not None})
        else:
            output.out.print(output.opened(address, sound=found.sound is not None), soft_wrap=True)
        with suppress(KeyboardInterrupt):
            if browser:
                webbrowser.open(address)
            Event().wait()


@command()
def retry(context: typer.Context, job: Job, *, since: Since = None, as_json: AsJson = False, name: Name = None) -> None:
    """Have a FAILED recording transcribed again.

    One that Transcribe has not been asked about yet is announced anew, which is harmless.
    """
    now = time.time()
    found = recordings.retry(_here(context, name), job, now, _moment(since, now) or None, _say)
    attempt, called = (found.row.attempt, found.row.job) if found.row else (1, found.name)
    if as_json:
        output.as_json({"recording": found.name, "job": called, "attempt": attempt})
    else:
        output.out.print(f"Attempt {attempt} is announced, as job {called}.", soft_wrap=True)


@command()
def cancel(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="JOB...", help="Jobs, version ids or correlation ids.")],
    *,
    since: Since = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    name: Name = None,
) -> None:
    """Cancel recordings that are not delivered yet.

    One that waits is not paid for. Transcribe cannot stop a running job: that one is paid for, and not delivered.
    """
    here = _here(context, name)
    found = [_find(here, each, since) for each in names]
    cancellation.check(found)
    if not yes:
        _confirm(found, "Cancel them?", "Nothing was cancelled.", as_json=as_json)
    done, refused = cancellation.cancel_all(here, found, time.time())
    if as_json:
        output.as_json([each.plain() for each in done])
    else:
        for each in done:
            output.out.print(f"{each.row.job}: {each.sentence}", soft_wrap=True)
    if refused:
        raise refused[0]


@command()
def redrive(
    context: typer.Context,
    queue: Annotated[str | None, typer.Argument(help="intake or completion; both by default.")] = None,
    as_json: AsJson = False,
    name: Name = None,
) -> None:
    """Move dead letters back into their queue."""
    if queue is not None and queue not in queues.NAMES:
        raise Misused(f"There is no queue {queue}: name {' or '.join(queues.NAMES)}, or none for both.")
    here = _here(context, name)
    moved = {each: queues.redrive(here, each) for each in ([queue] if queue else queues.NAMES)}
    if as_json:
        output.as_json({"moved": moved})
    else:
        for each, number in moved.items():
            output.out.print(f"{each}: dead letters moved back: {number}" if number else f"{each}: no dead letters")


@command()
def backfill(
    context: typer.Context,
    prefix: Annotated[str, typer.Option(help="Only keys that begin so.")] = "",
    go: Annotated[bool, typer.Option("--go", help="Announce what was found; without it, only count.")] = False,
    as_json: AsJson = False,
    name: Name = None,
) -> None:
    """Count and price uploads nobody has heard of.

    With --go, announce them to be transcribed.
    """
    here = _here(context, name)
    with output.err.status("Looking …") as progress:
        found = backfilling.run(
            here, prefix, time.time(), go=go, say=lambda so_far: progress.update(output.tally(so_far))
        )
    if as_json:
        output.as_json(output.tally_json(found, announced=go))
        return
    output.out.print(output.tally(found), soft_wrap=True)
    if go and found.estimate.recordings:
        output.out.print("They are announced; `watch` shows them move.")
    elif found.estimate.recordings:
        output.out.print("Nothing was announced; --go does that.")


@command()
def erase(
    context: typer.Context,
    job: Job,
    *,
    all_versions: Annotated[
        bool, typer.Option("--all-versions", help="Every recording ever uploaded under the same key.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait for functions and jobs that still have it in hand.")] = True,
    since: Since = None,
    as_json: AsJson = False,
    name: Name = None,
) -> None:
    """Remove a recording and all that was made of it."""
    here = _here(context, name)
    found = _find(here, job, since)
    every = erasure.of_the_same_key(here, found) if all_versions else [found]
    eraser = Eraser(here, wait, say=lambda sentence: output.err.print(sentence, soft_wrap=True))
    eraser.check(every)
    if not yes:
        _confirm(every, "Erase it all for good: audio, transcripts, records?", "Nothing was erased.", as_json=as_json)
    certificates = [eraser.erase(each) for each in every]
    if as_json:
        output.as_json([each.plain() for each in certificates])
    else:
        for each in certificates:
            output.out.print(output.certified(each), width=READABLE)


for of_care in (deployment_commands.doctor, deployment_commands.smoke, deployment_commands.estimate):
    command()(of_care)
command("import")(deployment_commands.import_)


def _live(here: Deployment, every: float, stopped: Event) -> None:
    with Live(console=output.screen, auto_refresh=False) as live:
        while not stopped.is_set():
            latest = recordings.wanted(here, Wanted(), _WATCHED)
            live.update(output.watched(deployment_status.look(here), latest, time.time(), output.screen), refresh=True)
            stopped.wait(every)


def _lines(here: Deployment, every: float, stopped: Event) -> None:
    while not stopped.is_set():
        output.as_line(deployment_status.look(here).plain())
        stopped.wait(every)


def _find(here: Deployment, name: str, since: str | None, *, dated: bool = True) -> recordings.Recording:
    return recordings.find(here, name, _moment(since, time.time()) or None, _say, dated=dated)


def _say(line: str) -> None:
    """Print the progress of a search on standard error."""
    output.err.print(line, soft_wrap=True)


def _moment(text: str | None, now: float) -> int:
    try:
        return moment(text, now) if text else 0
    except ValueError as error:
        raise Misused(f"{text} is no time: write 90s, 30m, 2h, 7d, or an ISO date such as 2026-11-23.") from error


def _confirm(every: list[recordings.Recording], question: str, otherwise: str, *, as_json: bool) -> None:
    for each in every if not as_json else []:
        state = str(each.row.state) if each.row else "not looked at yet"
        output.err.print(f"{each.name} ({state})", soft_wrap=True)
    ask(question, otherwise, as_json=as_json)


@contextmanager
def _progress(path: Path) -> Iterator[Any]:
    """Show a progress bar on standard error if it is a terminal."""
    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=output.err, transient=True, disable=not output.err.is_terminal) as progress:
        task = progress.add_task("uploading", total=path.stat().st_size)
        yield lambda sent: progress.advance(task, sent)


if __name__ == "__main__":
    app()
