# ruff: noqa: SLF001 - a planted bug changes private members
"""Bugs to plant: each is a possible mistake in the functions or a missing setting.

They test the simulation, not the functions: a bug that no seed shows would also go unnoticed in the functions. Each is
planted by a patch, with the number of seeds that suffice to show it.
"""

import hashlib
import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

import deliver_transcript
import reconcile
import start_transcription
from adapters import transcribe_jobs
from adapters.job_starts import JobStarts, NameTaken
from adapters.ledger import Ledger, Sweep
from adapters.rejecter import Rejecter
from adapters.staging import Staging
from deliver_transcript import Deliverer
from reconcile import Reconciler
from start_transcription import Starter
from stethoscript import aws_errors, jobs, notifications, start_refusals
from stethoscript.aws_errors import ErrorKind
from stethoscript.ledger_row import State
from tests.simulation import planted_stop_bugs

Patch = pytest.MonkeyPatch
_numbers = itertools.count()


@dataclass(frozen=True)
class Planted:
    """A bug, and the number of seeds that suffice to show it."""

    plant: Callable[[Patch], None]
    within: int
    numbers: dict[str, Any] = field(default_factory=dict)


def _random_name(patch: Patch) -> None:
    def name(prefix: str, _upload: Any) -> str:
        return f"{prefix}-{hashlib.sha256(str(next(_numbers)).encode()).hexdigest()[:40]}"

    patch.setattr(start_transcription, "jobs", SimpleNamespace(**vars(jobs) | {"recording": name}))


def _name_ignores_version(patch: Patch) -> None:
    named = jobs.recording
    patch.setattr(jobs, "recording", lambda prefix, upload: named(prefix, replace(upload, version="")))


def _state_before_start(patch: Patch) -> None:
    start = JobStarts.start

    def early(self: JobStarts, row: Any, deadline: float) -> None:
        self.ledger.advance(row, State.TRANSCRIBING, self.slots.now(), started=int(self.slots.now()))
        start(self, row, deadline)

    patch.setattr(JobStarts, "start", early)


def _marked_before_notified(patch: Patch) -> None:
    def end(self: Deliverer, row: Any, state: State, signal: Any, completed: int, **more: Any) -> None:
        changes = {"completed": completed, "signal": signal.source, **more}
        ended = replace(row, state=state, updated=int(self.now()), **changes)
        self.ledger.advance(row, state, self.now(), **changes)
        self.notifier.notify(ended)
        self._clean_up(ended)

    patch.setattr(Deliverer, "_end", end)


def _rejected_before_notified(patch: Patch) -> None:
    reject = Rejecter.reject

    def early(self: Rejecter, row: Any, refusal: Any) -> None:
        self.ledger.claim(replace(row, state=State.REJECTED, reason=refusal.reason, remedy=refusal.remedy))
        found = self.ledger.find(row.recording)
        if found and found.state is State.REJECTED:
            self.notifier.notify(found)
            return
        reject(self, row, refusal)

    patch.setattr(Rejecter, "reject", early)


def _no_reconciler(patch: Patch) -> None:
    patch.setattr(Reconciler, "run", lambda _self, _deadline: {"jobs": 0, "uploads": 0})


def _never_announces(patch: Patch) -> None:
    patch.setattr(Reconciler, "_announce", lambda _self, _upload: None)


def _ignores_failed(patch: Patch) -> None:
    def blind(transcribe: Any, job: str) -> Any:
        found = transcribe_jobs.find(transcribe, job)
        return replace(found, status="IN_PROGRESS") if found and found.status == "FAILED" else found

    patch.setattr(reconcile, "transcribe_jobs", SimpleNamespace(find=blind))


def _ignores_claimed(patch: Patch) -> None:
    announce = Reconciler._announce_again

    def blind(self: Reconciler, row: Any) -> int:
        return 0 if row.state is State.CLAIMED else announce(self, row)

    patch.setattr(Reconciler, "_announce_again", blind)


def _throttle_swallowed(patch: Patch) -> None:
    defer = Starter._defer

    def swallow(self: Starter, recording: str, arrival: Any, fault: ErrorKind, **how: bool) -> None:
        if fault is not ErrorKind.BUSY:
            defer(self, recording, arrival, fault, **how)

    patch.setattr(Starter, "_defer", swallow)


def _put_off_counts(patch: Patch) -> None:
    def fail(_self: Starter, _recording: str, _arrival: Any, _fault: ErrorKind, **_how: bool) -> None:
        raise RuntimeError

    patch.setattr(Starter, "_defer", fail)


def _newest_version_frozen(patch: Patch) -> None:
    stage = Staging.stage

    def newest(self: Staging, row: Any) -> None:
        def copy(*, CopySource: dict[str, str], **more: Any) -> Any:  # noqa: N803 - AWS's own name
            current = {name: value for name, value in CopySource.items() if name != "VersionId"}
            return self.copier.copy_object(CopySource=current, **more)

        stage(replace(self, copier=SimpleNamespace(copy_object=copy)), row)

    patch.setattr(Staging, "stage", newest)


def _conflict_is_an_error(patch: Patch) -> None:
    def refuse(_self: JobStarts, _job: str, _media_uri: str) -> None:
        raise NameTaken

    patch.setattr(JobStarts, "_adopt", refuse)


def _lease_for_ever(patch: Patch) -> None:
    lease = Ledger.lease
    patch.setattr(Ledger, "lease", lambda self, row, now, _seconds: lease(self, row, now, 10**9))
    patch.setattr(Ledger, "release", lambda _self, _row: None)


def _ends_are_not_final(patch: Patch) -> None:
    patch.setattr("adapters.ledger._OPEN", "attribute_exists(recording) OR job = :own_job AND #state IN (:one, :other)")


def _sweep_skips_versions(patch: Patch) -> None:
    note = Ledger.note_sweep

    def forgetful(self: Ledger, sweep: Sweep) -> None:
        markers = {name: value for name, value in sweep.markers.items() if name == "KeyMarker"}
        note(self, replace(sweep, markers=markers))

    patch.setattr(Ledger, "note_sweep", forgetful)


def _sweep_never_starts_over(patch: Patch) -> None:
    note = Ledger.note_sweep

    def onward(self: Ledger, sweep: Sweep) -> None:
        if sweep.markers:
            note(self, sweep)

    patch.setattr(Ledger, "note_sweep", onward)


def _staging_deleted_early(patch: Patch) -> None:
    bring = Deliverer._process

    def early(self: Deliverer, row: Any, signal: Any) -> None:
        self._clean_up(row)
        bring(self, row, signal)

    patch.setattr(Deliverer, "_process", early)


def _every_signal_is_trusted(patch: Patch) -> None:
    ended = transcribe_jobs.TranscribeJob("COMPLETED", completed=0)
    patch.setattr(deliver_transcript, "transcribe_jobs", SimpleNamespace(find=lambda _transcribe, _job: ended))


def _vanished_at_once(patch: Patch) -> None:
    patch.setattr(deliver_transcript, "VANISHED_SECONDS", 0)


def _delivery_errors_swallowed(patch: Patch) -> None:
    take = Deliverer.take

    def swallow(self: Deliverer, *arguments: Any) -> None:
        with suppress(Exception):
            take(replace(self, sqs=SimpleNamespace(send_message=lambda **_message: None)), *arguments)

    patch.setattr(Deliverer, "take", swallow)


def _ids_differ(patch: Patch) -> None:
    body = notifications.body

    def another(row: Any, transcripts_bucket: str) -> dict[str, Any]:
        return body(row, transcripts_bucket) | {"id": f"{row.job}:{row.state}:{next(_numbers)}"}

    patch.setattr(notifications, "body", another)


def _key_is_in_the_notification(patch: Patch) -> None:
    body = notifications.body
    patch.setattr(notifications, "body", lambda row, bucket: body(row, bucket) | {"file": row.key})


def _error_is_logged(patch: Patch) -> None:
    patch.setattr(aws_errors, "described", str)


def _unready_is_unexpected(patch: Patch) -> None:
    read = aws_errors._bad_request
    patch.setattr(aws_errors, "_bad_request", lambda text: ErrorKind.OTHER if "isn't ready" in text else read(text))


def _waits_for_a_vocabulary_for_ever(patch: Patch) -> None:
    patch.setattr(start_refusals, "WAIT_SECONDS", {})


def _nothing(_patch: Patch) -> None:
    """Only the numbers differ."""


PLANTED = {
    "a random job name": Planted(_random_name, 40),
    "a name that ignores the version": Planted(_name_ignores_version, 10),
    "the state noted before the start": Planted(_state_before_start, 60),
    "the end stored before it is notified": Planted(_marked_before_notified, 60),
    "a rejection stored before it is notified": Planted(_rejected_before_notified, 200),
    "no reconciler": Planted(_no_reconciler, 20),
    "a reconciler that announces nothing": Planted(_never_announces, 40),
    "a reconciler that ignores failed jobs": Planted(_ignores_failed, 40),
    "a reconciler that ignores claims": Planted(_ignores_claimed, 200),
    "a throttle swallowed": Planted(_throttle_swallowed, 40),
    "a put-off that counts as a receive": Planted(_put_off_counts, 40),
    "the newest version frozen, not the one announced": Planted(_newest_version_frozen, 40),
    "a taken name that is an error": Planted(_conflict_is_an_error, 200),
    "a lease that never expires": Planted(_lease_for_ever, 100),
    "an end that is not final": Planted(_ends_are_not_final, 450),
    "a sweep that skips versions": Planted(_sweep_skips_versions, 200),
    "a sweep that never starts over": Planted(_sweep_never_starts_over, 100),
    "frozen audio deleted before delivery": Planted(_staging_deleted_early, 60),
    "every signal believed": Planted(_every_signal_is_trusted, 60),
    "a job taken for vanished at once": Planted(_vanished_at_once, 60),
    "errors of delivery swallowed": Planted(_delivery_errors_swallowed, 40),
    "duplicates with other ids": Planted(_ids_differ, 40),
    "the key in the notice": Planted(_key_is_in_the_notification, 5),
    "an error's message in the log": Planted(_error_is_logged, 40),
    "a vocabulary that is not ready is an unexpected error": Planted(_unready_is_unexpected, 40),
    "waiting for a vocabulary without an end": Planted(_waits_for_a_vocabulary_for_ever, 40),
    "loop detection left on": Planted(_nothing, 300, {"recursive_loop": "Terminate"}),
    "a deleted upload transcribed": Planted(planted_stop_bugs.start_ignores_deletion, 100),
    "a deletion looked for only before the slot": Planted(planted_stop_bugs.deletion_read_before_the_slot, 300),
    "a deleted upload delivered": Planted(planted_stop_bugs.delivery_ignores_deletion, 100),
    "delete markers ignored": Planted(planted_stop_bugs.markers_ignored, 100),
    "an overwritten upload taken for deleted": Planted(planted_stop_bugs.overwritten_is_deleted, 40),
    "a marker below an upload taken for its deletion": Planted(planted_stop_bugs.any_marker_deletes, 100),
    "a listing that fails taken for a deletion": Planted(planted_stop_bugs.failed_listing_is_a_deletion, 100),
    "a start that ignores a cancellation": Planted(planted_stop_bugs.start_ignores_cancellation, 750),
    "a start of which the ledger knows nothing": Planted(planted_stop_bugs.start_leaves_no_trace, 300),
    "a job refused though it may have begun": Planted(planted_stop_bugs.refused_though_it_may_have_begun, 300),
    "a deletion refused before it is marked": Planted(planted_stop_bugs.refused_before_it_is_marked, 300),
    "a cancelled recording delivered": Planted(planted_stop_bugs.delivery_ignores_cancellation, 100),
    "a delivery cancelled midway": Planted(planted_stop_bugs.delivery_is_stopped_midway, 300),
    "output of a stopped job left": Planted(planted_stop_bugs.output_is_left, 100),
    "an erasure notified after its tombstone": Planted(planted_stop_bugs.erasure_notified_after_the_tombstone, 40),
    "rows that expire before their audio": Planted(_nothing, 60, {"row_margin_days": -35}),
}
