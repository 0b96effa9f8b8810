"""Commands for a whole deployment: doctor, smoke, estimate and import."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from operations import deployment, output
from operations import estimate as estimating
from operations.cli import READABLE, AsJson, Name, ask, client, here
from operations.deployment import Deployment
from operations.doctor import CREDENTIALS, DoctorContext, Health, examine
from operations.doctor import output as doctors_page
from operations.erasure import Eraser
from operations.errors import Misused, Unreachable
from operations.estimate import Month
from operations.importing import Importer, existing_resources, retained_resources
from operations.importing.retained_resources import RetainedStack
from operations.smoke import Smoke, cleanup, usual_profile
from operations.smoke import output as smokes_page
from operations.smoke.report import Outcome
from stethoscript import formats

_SMOKE = "Upload a second of speech (two cents) and a broken file, tell all subscribers of both, and erase them again?"
_SMOKE_ALARM = " And set an alarm off, which tells whoever hears alarms?"
_IMPORT = "Take what is there back into its stacks, as it is?"
_SYNTHESISED = deployment.ROOT / "cdk.out"


def doctor(
    context: typer.Context,
    *,
    drift: Annotated[
        bool, typer.Option("--drift", help="Have CloudFormation compare all with its templates; takes a minute.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The file of choices, if not cdk.json's.")
    ] = None,
    as_json: AsJson = False,
    name: Name = None,
) -> None:
    """Say what is misconfigured, before and after a deployment, and what helps.

    Only looks, and changes nothing.
    """
    named = name or deployment.chosen_name(file=config)
    doctor_context = DoctorContext(named, client(context), file=config, compare=drift)
    with output.err.status("Looking …"):
        found = list(examine(doctor_context))
    if as_json:
        output.as_json(doctors_page.plain(doctor_context.name, found))
    else:
        output.out.print(doctors_page.table(found), width=READABLE)
    broken = [check for check, finding in found if finding.health is Health.BROKEN]
    if broken:
        raise typer.Exit(Unreachable.code if CREDENTIALS in broken else 1)


def smoke(
    context: typer.Context,
    *,
    profile: Annotated[str | None, typer.Option(help="The prefix to upload under.")] = None,
    patience: Annotated[int, typer.Option(min=10, help="Seconds to wait for each thing.")] = 900,
    alarm: Annotated[bool, typer.Option(help="Set an alarm off: whoever hears alarms hears this one.")] = True,
    clean: Annotated[
        str | None, typer.Option(metavar="TOKEN", help="Only remove what the killed run of this token has left.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    name: Name = None,
) -> None:
    """Prove a deployment by using it: from upload to notification, and an alarm.

    Uploads a second of speech and a broken file, and erases both again.
    """
    found = here(context, name)
    if clean is not None:
        _clean(found, cleanup.checked(clean), profile, as_json=as_json)
        return
    if not yes:
        ask(_SMOKE + (_SMOKE_ALARM if alarm else ""), "Nothing was done.", as_json=as_json)
    run = Smoke(
        found, profile or usual_profile(found), patience, alarm,
        say=lambda trial: output.err.print(smokes_page.line(trial)), eraser=_eraser,
    )  # fmt: skip
    output.err.print(f"This run's token is {run.token}. If the run is killed, `smoke --clean {run.token}` cleans up.")
    report = run.run()
    output.as_json(report.plain()) if as_json else output.out.print(smokes_page.page(report), width=READABLE)
    if report.failed:
        raise typer.Exit(1)


def _clean(found: Deployment, token: str, profile: str | None, *, as_json: bool) -> None:
    profiles = [profile] if profile else found.profiles()
    if not profiles:
        raise Misused("The profiles of this deployment cannot be read: name the run's with --profile.")
    trials = list(cleanup.clean(found, profiles, _eraser, token))
    if as_json:
        output.as_json([{"what": each.what, "outcome": str(each.outcome), "detail": each.detail} for each in trials])
    else:
        for each in trials:
            output.out.print(smokes_page.line(each))
    if any(each.outcome is not Outcome.PROVED for each in trials):
        raise typer.Exit(1)


def estimate(
    *,
    minutes: Annotated[float, typer.Option(min=0, help="Minutes of audio a month.")],
    recordings: Annotated[int, typer.Option(min=0, help="Recordings a month.")],
    documents: Annotated[int, typer.Option(min=1, help="Documents each transcript becomes.")] = len(formats.USUAL),
    subscribers: Annotated[int, typer.Option(min=0, help="How many are told of each recording's end.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Say what a recording and a month will cost, and what that takes for granted."""
    if minutes and not recordings:
        raise Misused(f"Without recordings there are no {minutes:g} minutes: say with --recordings how many there are.")
    month = Month(minutes, recordings, documents, subscribers)
    lines = estimating.bill(month)
    output.as_json(output.bill_json(month, lines)) if as_json else output.out.print(output.bill(month, lines))


def import_(
    context: typer.Context,
    *,
    app: Annotated[Path, typer.Option(help="The folder of what `make synth` has written.")] = _SYNTHESISED,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    name: Name = None,
) -> None:
    """Take what a destroyed deployment has left back into its stacks.

    Imports it as it is, and changes nothing of it; the next deployment makes the rest.
    """
    doctor_context = DoctorContext(name or deployment.chosen_name(), client(context))
    importer = Importer(doctor_context.client)
    stacks = retained_resources.read(app, doctor_context.name, doctor_context.where)
    missing = [stack.name for stack in stacks if importer.missing(stack)]
    with output.err.status("Looking …"):
        found = [
            existing_resources.left(doctor_context.client, stack, doctor_context.where) for stack in stacks if missing
        ]
    wanted = [left for left in found if left.stack.name in missing and left.there]
    if wanted and not as_json:
        output.out.print(output.left(wanted))
    if wanted and not yes:
        ask(_IMPORT, "Nothing was taken back.", as_json=as_json)
    for left in wanted:
        _take(importer, left, retained_resources.exports(found, doctor_context.where))
    output.as_json(output.left_json(wanted)) if as_json else output.out.print(_next(missing, wanted))


def _take(importer: Importer, left: RetainedStack, exports: Mapping[str, str]) -> None:
    with output.err.status(f"{left.stack.name} …"):
        importer.take(left, exports)
    output.err.print(f"{left.stack.name}: resources taken back: {len(left.there)}")


def _next(missing: list[str], wanted: list[RetainedStack]) -> str:
    """The result of the import and the next step."""
    if not missing:
        return "Nothing is to be taken back: the stacks are there. `make deploy` brings them up to date."
    if not wanted:
        return f"Nothing is left of {' and '.join(missing)} in this account and Region. `make deploy` makes all anew."
    return "Next: `make deploy`, which makes all the rest."


def _eraser(deployment: Deployment) -> Eraser:
    return Eraser(deployment, say=lambda sentence: output.err.print(sentence, soft_wrap=True))
