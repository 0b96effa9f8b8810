"""What a smoke test shows: each trial as it comes out, and the whole as a page to file."""

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from operations.smoke.report import Outcome, Report, Trial
from operations.time_format import clock

_OUTCOMES = {Outcome.PROVED: "green", Outcome.OBSERVED: "cyan", Outcome.FAILED: "bold red", Outcome.UNTRIED: "dim"}


def line(trial: Trial) -> RenderableType:
    """One trial, as it comes out."""
    return Text.assemble((str(trial.outcome), _OUTCOMES[trial.outcome]), f"  {trial.what}")


def page(report: Report) -> RenderableType:
    """What a smoke test has proved, and what is left that only an account can prove; to file."""
    head = Table(box=None, show_header=False, pad_edge=False)
    where = f"account {report.account}" + ("" if report.aws else ", which is not AWS")
    info = (("deployment", report.deployment), ("where", where), ("by", report.by), ("began", clock(report.began)))
    for what, value in (*info, ("ended", clock(report.ended)), *report.versions.items()):
        head.add_row(what, value)
    trials = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("", "what", "detail"):
        trials.add_column(heading, overflow="fold")
    for each in report.trials:
        trials.add_row(Text(each.outcome, style=_OUTCOMES[each.outcome]), each.what, each.detail)
    left = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Still to be proved on AWS", title_justify="left")
    for heading in ("question", "by hand"):
        left.add_column(heading, overflow="fold")
    for question in report.unanswered.values():
        left.add_row(question.asks, question.by_hand)
    return Group(Text("Smoke test"), head, trials, *([left] if left.rows else []))
