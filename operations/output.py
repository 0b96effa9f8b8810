"""What the operator sees: tables for people, JSON for scripts. The source's key only where it is asked for."""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from operations import erasure_certificate, terminal
from operations.backfill import Tally
from operations.deployment_status import DeploymentStatus
from operations.erasure_certificate import Certificate
from operations.estimate import ASSUMPTIONS, Line, Month
from operations.explain import Explanation, Step
from operations.importing.retained_resources import RetainedStack
from operations.ledger_admin import seen
from operations.listing import Listed
from operations.prices import DOLLARS_A_MINUTE, LEAST_SECONDS, READ
from operations.recordings import Recording, began
from operations.remedies import WITHOUT_VERSION, advice
from operations.time_format import clock, iso, span
from stethoscript import upload_warnings
from stethoscript.ledger_row import LedgerRow

_WIDE = 200
"""Columns there are at least: a terminal that is narrower wraps lines itself, and a name stays in one piece."""
_LINES_ABOUT_ROWS = 4
"""What a table has above and below its rows: a line, its headings, a rule, and a line."""

out = terminal.console(width=max(_WIDE, shutil.get_terminal_size().columns))
screen = terminal.console()
err = terminal.console(stderr=True)


def as_json(value: Any) -> None:
    """JSON on standard output: the only thing there."""
    sys.stdout.write(terminal.harmless_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n")


def as_line(value: Any) -> None:
    """JSON on one line, for repeated output."""
    sys.stdout.write(terminal.harmless_json(json.dumps(value, ensure_ascii=False)) + "\n")
    sys.stdout.flush()


def row(row: LedgerRow, *, show_key: bool) -> Mapping[str, Any]:
    """A recording, fit for JSON."""
    told = {
        "recording": row.recording,
        "job": row.job,
        "state": seen(row),
        "attempt": row.attempt or None,
        "profile": row.profile,
        "versionId": row.version,
        "correlationId": row.correlation_id,
        "received": iso(row.received),
        "started": iso(row.started),
        "completed": iso(row.completed),
        "updated": iso(row.updated),
        "signal": row.signal,
        "reason": row.reason,
        "remedy": row.remedy,
        "warning": row.warning,
        "words": row.words,
        "confidence": row.confidence,
        "manifest": row.manifest,
    }
    return {**told, "key": row.key} if show_key else told


def rows(found: Iterable[LedgerRow], now: float, *, show_key: bool) -> RenderableType:
    """Recordings, one a line."""
    listed = list(found)
    correlated = any(each.correlation_id for each in listed)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("job", "state", "in state for", "profile", "received"):
        table.add_column(heading, no_wrap=True)
    for heading in (*(["correlation id"] if correlated else []), "why", *(["key"] if show_key else [])):
        table.add_column(heading, overflow="fold")
    for each in listed:
        cells = [*_cells(each, now), clock(each.received), *([each.correlation_id or "-"] if correlated else [])]
        table.add_row(*cells, each.reason or "", *([each.key] if show_key else []))
    return table if listed else Text("No recordings.")


def listed_json(found: Listed, page: int, *, show_key: bool) -> Mapping[str, Any]:
    """A page of recordings, for scripts; `nextPage` is null on the last one."""
    return {
        "recordings": [row(each, show_key=show_key) for each in found.rows],
        "total": found.total,
        "page": page,
        "nextPage": page + 1 if found.more else None,
        "incomplete": found.stopped is not None,
    }


def how_many(found: Listed, page: int) -> str:
    """How many recordings there are, and how to see the others."""
    shown = f"{found.first + 1}-{found.first + len(found.rows)}" if found.rows else "0"
    sentences = [f"Shown: {shown} of {found.total}."]
    if found.more:
        sentences.append(f"`--page {page + 1}` shows the next ones.")
    if found.stopped:
        sentences.append(f"Of uploads that wait, only {found.stopped} were looked through: `--state waiting` goes on.")
    return " ".join(sentences)


def watched(found: DeploymentStatus, latest: list[LedgerRow], now: float, console: Console) -> RenderableType:
    """How a deployment is doing, and as many recordings as its terminal has room for; names are cut, states never."""
    above = overview(found)
    room = console.height - len(console.render_lines(above)) - _LINES_ABOUT_ROWS
    correlated = any(each.correlation_id for each in latest)
    whole = ("state", "in state for", "correlation id")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("job", "state", "in state for", "profile", *(["correlation id"] if correlated else []), "why"):
        table.add_column(heading, no_wrap=heading in whole, overflow="ellipsis")
    for each in latest[: max(0, room)]:
        table.add_row(*_cells(each, now), *([each.correlation_id or "-"] if correlated else []), each.reason or "")
    return Group(above, table if latest else Text("No recordings."))


def _cells(row: LedgerRow, now: float) -> list[str]:
    return [row.job, seen(row), span(now - began(row)), row.profile or "-"]


def next_step(undelivered: LedgerRow) -> str:
    """What helps a recording that was not delivered."""
    return advice(undelivered) or f"`python -m operations explain {undelivered.job}` says why."


def overview(found: DeploymentStatus) -> RenderableType:
    """How a deployment is doing."""
    states = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for state in found.states:
        states.add_column(str(state), justify="right")
    states.add_row(*map(str, found.states.values()))
    waiting = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    waiting.add_column("queue")
    for heading in ("waiting", "put off", "in hand", "oldest", "dead letters"):
        waiting.add_column(heading, justify="right")
    for each in found.queues:
        oldest = "-" if each.oldest_seconds is None else span(each.oldest_seconds)
        waiting.add_row(each.name, str(each.waiting), str(each.delayed), str(each.in_hand), oldest, str(each.dead))
    quota = "?" if found.quota is None else str(found.quota)
    lines = [f"Transcribe: {found.running} of {quota} jobs in progress"]
    if longest := found.waiting_longest:
        lines.append(f"Waiting for longest: {longest.job} ({longest.state}), since {clock(began(longest))}")
    if intake := sum(each.waiting for each in found.queues if each.name == "intake"):
        lines.append(f"About {intake} messages wait in the intake queue: `list --state waiting` shows new uploads")
    return Group(Text(f"Deployment {found.name}"), states, waiting, Text("\n".join(lines)))


def explanation(found: Recording, way: list[Step], why: Explanation, *, show_key: bool) -> RenderableType:
    """A recording's whole way, and why it is where it is."""
    info = Table(box=None, show_header=False, pad_edge=False)
    info.add_row("recording", found.name)
    info.add_row("state", "NOT LOOKED AT YET" if found.row is None else str(found.row.state))
    if found.row is not None:
        info.add_row("job", f"{found.row.job} (attempt {found.row.attempt})")
        info.add_row("profile", found.row.profile or "-")
        info.add_row("correlation id", found.row.correlation_id or "-")
        if found.row.warning:
            info.add_row("warning", upload_warnings.sentence(found.row.warning) or found.row.warning)
    info.add_row("version id", found.upload.version or "-")
    if show_key:
        info.add_row("key", found.upload.key or "-")
    steps = Table(box=None, show_header=False, pad_edge=False)
    for step in way:
        steps.add_row(clock(step.at), step.what)
    return Group(info, Text(), steps, Text(), Text(why.sentence), Text(why.remedy), *_faults(why))


def _faults(why: Explanation) -> Iterable[RenderableType]:
    """What else is wrong with the deployment, each with its remedy."""
    for check, fault in why.faults:
        yield Text(f"- {check}: {fault.sentence} {fault.remedy}")
    if why.unchecked:
        yield Text(f"Not checked: {', '.join(why.unchecked)}. `doctor` says which permissions that needs.")


def explanation_json(found: Recording, way: list[Step], why: Explanation, *, show_key: bool) -> Mapping[str, Any]:
    """The same, for scripts."""
    told: dict[str, Any] = {
        "recording": found.name,
        "versionId": found.upload.version,
        "row": row(found.row, show_key=show_key) if found.row else None,
        "way": [{"at": iso(step.at), "what": step.what} for step in way],
        "why": str(why.why),
        "deferrals": why.deferrals,
        "sentence": why.sentence,
        "remedy": why.remedy,
        "faults": [{"check": check, "sentence": each.sentence, "remedy": each.remedy} for check, each in why.faults],
        "unchecked": list(why.unchecked),
    }
    return {**told, "key": found.upload.key} if show_key else told


def tally(found: Tally) -> str:
    """What a backfill found, as a sentence or two."""
    cost = found.estimate
    known = cost.recordings - cost.unknown
    sentences = [
        "Nothing lies in the bucket that nobody has heard of."
        if not cost.recordings
        else f"{cost.recordings} recordings that nobody has heard of: {known} of {cost.minutes:.1f} minutes together"
        + (f", {cost.unknown} of unknown length" if cost.unknown else "")
        + f"; {'at least ' if cost.unknown else ''}${cost.dollars:.2f} at ${DOLLARS_A_MINUTE} a minute."
    ]
    if found.refused:
        sentences.append(f"{found.refused} more lie under no profile and would be refused, which costs nothing.")
    if found.unversioned:
        sentences.append(f"{found.unversioned} have no version id and were left alone: {WITHOUT_VERSION}")
    if found.young:
        sentences.append(f"{found.young} are younger than 15 minutes and may be on their way; they were left alone.")
    return " ".join([*sentences, f"{found.known} have a row and were skipped."])


def tally_json(found: Tally, *, announced: bool) -> Mapping[str, Any]:
    """The same, for scripts."""
    return {
        "announced": announced,
        "recordings": found.estimate.recordings,
        "ofUnknownLength": found.estimate.unknown,
        "minutes": round(found.estimate.minutes, 2),
        "dollarsAtLeast": round(found.estimate.dollars, 2),
        "underNoProfile": found.refused,
        "tooYoung": found.young,
        "withoutVersion": found.unversioned,
        "known": found.known,
    }


def opened(address: str, *, sound: bool) -> str:
    """Where a transcript can be read, and for how long."""
    heard = (
        ""
        if sound
        else (
            "Without the recording: it is no longer in the intake bucket, or you may not hear it (`readers_hear_audio` "
            "lets readers).\n"
        )
    )
    return f"{heard}{address}\nThis address opens once, on this machine. Ctrl-C ends it; nothing is written to disk."


def certified(found: Certificate) -> RenderableType:
    """An erasure's certificate, to file."""
    gone = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Gone, and looked for again", title_justify="left")
    for heading in ("what", "removed in this run", "where"):
        gone.add_column(heading, overflow="fold")
    for each in found.removed:
        gone.add_row(each.what, str(each.count), each.where)
    left = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Remains elsewhere", title_justify="left")
    for heading in ("where", "what", "until", ""):
        left.add_column(heading, overflow="fold")
    for remains in found.remains:
        left.add_row(remains.where, remains.what, erasure_certificate.until(remains), remains.note)
    head = Table(box=None, show_header=False, pad_edge=False)
    for what, value in (("recording", found.recording), ("erased", clock(found.erased)), ("by", found.by)):
        head.add_row(what, value)
    return Group(Text("Certificate of erasure"), head, Text(), gone, left)


def bill(month: Month, lines: list[Line]) -> RenderableType:
    """A month's estimate, each line for the month and for a recording, and what it takes for granted."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("what", "quantity", "", "dollars a month", "at most", "a recording"):
        table.add_column(heading, justify="left" if heading in ("what", "") else "right")
    for line in lines:
        each = f"{line.dollars / month.recordings:.5f}" if line.by_recording and month.recordings else "-"
        money = (f"{line.dollars:,.2f}", f"{line.ceiling:,.2f}")
        table.add_row(line.what, f"{line.quantity:,.2f}", line.unit, *money, each)
    used = sum(line.dollars for line in lines if line.by_recording)
    total, most = sum(line.dollars for line in lines), sum(line.ceiling for line in lines)
    table.add_section()
    each = f"{used / month.recordings:.5f}" if month.recordings else "-"
    table.add_row("together", "", "", f"{total:,.2f}", f"{most:,.2f}", each)
    least = (
        [Text(f"Transcribe charges at least {LEAST_SECONDS} s of each recording: {month.billed_minutes:,.1f} minutes.")]
        if month.billed_minutes > month.minutes
        else []
    )
    kept = "S3's storage is that of the month's own recordings: it costs as much again for every month they are kept."
    return Group(table, Text(f"Prices of {READ}."), *least, Text(kept), *(Text(f"- {each}") for each in ASSUMPTIONS))


def bill_json(month: Month, lines: list[Line]) -> Mapping[str, Any]:
    """The same, for scripts."""
    return {
        "pricesOf": READ.isoformat(),
        "minutes": month.minutes,
        "billedMinutes": round(month.billed_minutes, 2),
        "recordings": month.recordings,
        "documents": month.documents,
        "subscribers": month.subscribers,
        "dollarsAMonth": round(sum(line.dollars for line in lines), 2),
        "dollarsAMonthAtMost": round(sum(line.ceiling for line in lines), 2),
        "dollarsARecording": round(sum(each.dollars for each in lines if each.by_recording) / month.recordings, 5)
        if month.recordings
        else None,
        "lines": [
            {
                "what": line.what,
                "quantity": round(line.quantity, 6),
                "unit": line.unit,
                "dollars": round(line.dollars, 6),
                "dollarsAtMost": round(line.ceiling, 6),
                "byRecording": line.by_recording,
            }
            for line in lines
        ],
        "assumptions": list(ASSUMPTIONS),
    }


def left(found: Iterable[RetainedStack]) -> RenderableType:
    """What a destroyed deployment has left, and what should be there and is not."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("stack", "what", "which"):
        table.add_column(heading, no_wrap=True)
    for each in found:
        for logical_id, declared in each.stack.retained.items():
            which = each.there.get(logical_id, "is gone: the next deployment makes it anew")
            table.add_row(each.stack.name, declared["Type"], which)
    return table


def left_json(found: Iterable[RetainedStack]) -> Mapping[str, Any]:
    """The same once it is back, for scripts."""
    return {"stacks": [{"stack": each.stack.name, "imported": each.resources(), "gone": each.gone} for each in found]}
