# ruff: noqa: SLF001 - a planted bug changes private members
"""Bugs to plant in the code that stops recordings: each is a possible mistake."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

import deliver_transcript
from adapters import job_starts, upload_versions
from adapters.ledger import Ledger
from adapters.notifier import Notifier
from adapters.rejecter import Rejecter
from adapters.upload_reader import UploadGone
from deliver_transcript import Deliverer
from operations import cancellation
from operations.erasure import Eraser
from start_transcription import Starter
from stethoscript import stopping
from stethoscript.ledger_row import LedgerRow, State

Patch = pytest.MonkeyPatch


def start_ignores_deletion(patch: Patch) -> None:
    patch.setattr(job_starts, "upload_versions", SimpleNamespace(is_deleted=lambda *_asked: False))


def deletion_read_before_the_slot(patch: Patch) -> None:
    start, checked = Starter._start, upload_versions.is_deleted

    def early(self: Starter, row: LedgerRow, deadline: float) -> None:
        if row.state is State.CLAIMED and checked(self.s3, self.settings.account, row.upload):
            raise UploadGone
        start(self, row, deadline)

    start_ignores_deletion(patch)
    patch.setattr(Starter, "_start", early)


def delivery_ignores_deletion(patch: Patch) -> None:
    patch.setattr(deliver_transcript, "upload_versions", SimpleNamespace(is_deleted=lambda *_asked: False))


def markers_ignored(patch: Patch) -> None:
    decided = stopping.is_deleted
    patch.setattr(stopping, "is_deleted", lambda version, found: decided(version, replace(found, markers=())))


def overwritten_is_deleted(patch: Patch) -> None:
    patch.setattr(stopping, "is_deleted", lambda version, found: found.latest != version)


def any_marker_deletes(patch: Patch) -> None:
    patch.setattr(stopping, "is_deleted", lambda version, found: version not in found.versions or bool(found.markers))


def failed_listing_is_a_deletion(patch: Patch) -> None:
    checked = upload_versions.is_deleted

    def trusting(*asked: Any) -> bool:
        try:
            return checked(*asked)
        except ClientError:
            return True

    patch.setattr(upload_versions, "is_deleted", trusting)


def start_ignores_cancellation(patch: Patch) -> None:
    patch.setattr("adapters.ledger._NOT_STOPPED", "attribute_exists(recording)")


def start_leaves_no_trace(patch: Patch) -> None:
    def unnoted(self: Ledger, row: LedgerRow, _now: float) -> bool:
        found = self.find(row.recording)
        return found is not None and found.job == row.job and found.state is State.CLAIMED and not found.cancelled

    patch.setattr(Ledger, "request_start", unnoted)


def refused_though_it_may_have_begun(patch: Patch) -> None:
    def at_once(self: Rejecter, row: LedgerRow) -> None:
        self.reject(row, stopping.refusal(str(row.reason)))

    patch.setattr(Rejecter, "end_stopped", at_once)


def refused_before_it_is_marked(patch: Patch) -> None:
    def unmarked(self: Rejecter, row: LedgerRow) -> None:
        self.reject(row, stopping.refusal(stopping.GONE))

    patch.setattr(Rejecter, "stop_deleted", unmarked)


def delivery_ignores_cancellation(patch: Patch) -> None:
    finish = Deliverer._finish
    patch.setattr(Deliverer, "_finish", lambda self, row, *more: finish(self, replace(row, cancelled=None), *more))


def delivery_is_stopped_midway(patch: Patch) -> None:
    update, check = Ledger._update, cancellation._check

    def forgetful(self: Ledger, row: LedgerRow, change: str, condition: str, values: Any) -> LedgerRow | None:
        return update(self, row, change, condition.replace(" AND attribute_not_exists(leased)", ""), values)

    patch.setattr(Ledger, "_update", forgetful)
    patch.setattr(cancellation, "_check", lambda row: check(replace(row, leased=None)))


def output_is_left(patch: Patch) -> None:
    tidy = Deliverer._clean_up
    patch.setattr(
        Deliverer, "_clean_up", lambda self, row: tidy(self, replace(row, state=State.DELIVERED, reason=None))
    )


def erasure_notified_after_the_tombstone(patch: Patch) -> None:
    tell, waiting = Notifier.notify, []

    def later(self: Notifier, row: LedgerRow) -> None:
        waiting.append((self, row)) if row.state is State.ERASED else tell(self, row)

    erase = Eraser.erase

    def erased(self: Eraser, recording: Any) -> Any:
        waiting.clear()
        certificate = erase(self, recording)
        for notifier, row in waiting:
            tell(notifier, row)
        return certificate

    patch.setattr(Notifier, "notify", later)
    patch.setattr(Eraser, "erase", erased)
