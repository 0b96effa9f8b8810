"""Statuses of a revision: their order, the permitted users, and the conditions of a signature."""

from dataclasses import replace

import pytest

from stethoscript import revisions
from stethoscript.correction_refusals import Reason, Refused
from stethoscript.corrections import Correction, TextEdit, words_digest
from stethoscript.revisions import Revision, Status
from stethoscript.transcript import Transcript, Word

TRANSCRIPT = Transcript(tuple(Word(each, at, at + 1, 0.9) for at, each in enumerate(("take", "metoprolol", "daily"))))
EDIT = TextEdit(1, 2, "bisoprolol")


def correction(status, **more):
    return Correction("clinic-0a1b", words_digest(TRANSCRIPT), status, **more)


def revise(wanted, current=Status.DRAFT, *, signature=True, job="clinic-0a1b", **more):
    revision = replace(revisions.first(TRANSCRIPT, 1), status=current, number=3)
    return revisions.revise(
        wanted, TRANSCRIPT, revision, job=job, author="AROA:editor", made=2, signature=signature, **more
    )


def reason(*arguments, **more):
    with pytest.raises(Refused) as caught:
        revise(*arguments, **more)
    return caught.value.reason


def test_the_first_revision_is_the_machine_s_draft():
    assert revisions.first(TRANSCRIPT, 7) == Revision(1, Status.DRAFT, words_digest(TRANSCRIPT), 7)


def test_a_revision_says_who_made_it_when_from_which_and_why():
    wanted = correction("amended", texts=(EDIT,), addenda=("Culture negative.",), reason="Result", display_name="A. B.")
    revised, revision = revise(wanted, Status.SIGNED)
    assert revision == Revision(
        4, Status.AMENDED, words_digest(revised), 2, "AROA:editor", 3, "A. B.", "Result", ("Culture negative.",)
    )
    assert revised.words[1].text == "bisoprolol"


@pytest.mark.parametrize("current", Status)
@pytest.mark.parametrize("wanted", [status for status in Status if status != Status.DRAFT])
def test_a_status_follows_only_its_permitted_predecessors(current, wanted):
    may = {
        "draft": {"corrected", "signed", "retracted"},
        "corrected": {"corrected", "signed", "retracted"},
        "signed": {"amended", "retracted"},
        "amended": {"amended", "retracted"},
        "retracted": set(),
    }[current]
    asked = correction(wanted, reason="Why", texts=() if wanted == "retracted" else (EDIT,))
    if wanted in may:
        assert revise(asked, current)[1].status == wanted
    else:
        assert reason(asked, current) == Reason.STATUS


@pytest.mark.parametrize("status", ["signed", "amended", "retracted"])
def test_only_a_signer_signs_amends_and_retracts(status):
    edits = () if status == "retracted" else (EDIT,)
    current = Status.SIGNED if status == "amended" else Status.DRAFT
    wanted = correction(status, reason="Why", texts=edits)
    assert reason(wanted, current, signature=False) == Reason.SIGNATURE_REQUIRED


def test_an_editor_needs_no_signature_to_correct():
    assert revise(correction("corrected", texts=(EDIT,)), signature=False)[1].status == Status.CORRECTED


@pytest.mark.parametrize(
    ("wanted", "current", "expected"),
    [
        (correction("amended", texts=(EDIT,)), Status.SIGNED, Reason.REASON_MISSING),
        (correction("retracted"), Status.SIGNED, Reason.REASON_MISSING),
        (correction("retracted", reason="x", texts=(EDIT,)), Status.SIGNED, Reason.ADDENDUM),
        (correction("retracted", reason="x", addenda=("x",)), Status.SIGNED, Reason.ADDENDUM),
        (correction("corrected", addenda=("x",), texts=(EDIT,)), Status.DRAFT, Reason.ADDENDUM),
        (correction("signed", addenda=("x",)), Status.DRAFT, Reason.ADDENDUM),
        (correction("corrected"), Status.DRAFT, Reason.NOTHING_TO_DO),
        (correction("amended", reason="x"), Status.SIGNED, Reason.NOTHING_TO_DO),
        (replace(correction("signed"), based_on="0" * 64), Status.DRAFT, Reason.OTHER_BASE),
    ],
)
def test_the_error_names_what_a_status_needs(wanted, current, expected):
    assert reason(wanted, current) == expected


def test_a_correction_of_another_job_is_refused():
    assert reason(correction("signed"), job="clinic-ffff") == Reason.UNKNOWN_JOB


@pytest.mark.parametrize(
    ("more", "open_points"),
    [
        ({}, ((0, 1), (1, 3))),
        ({"confirmed": ((0, 1),)}, ((1, 3),)),
        ({"confirmed": ((0, 2),)}, ((1, 3),)),
        ({"confirmed": ((0, 1),), "texts": (EDIT,)}, ()),
        ({"confirmed": ((0, 3),)}, ()),
    ],
)
def test_a_signature_needs_each_review_point_confirmed_or_corrected(more, open_points):
    points = [(0, 1), (1, 3)]
    wanted = correction("signed", **more)
    assert revisions.unreviewed(wanted, TRANSCRIPT, points) == open_points
    if open_points:
        assert reason(wanted, require_review=points) == Reason.NOT_REVIEWED
    else:
        assert revise(wanted, require_review=points)[1].status == Status.SIGNED


def test_confirmations_of_an_earlier_revision_count():
    revised, revision = revise(correction("corrected", confirmed=((1, 3),)))
    signing = Correction("clinic-0a1b", words_digest(revised), "signed")
    assert revisions.unreviewed(signing, revised, [(1, 3)]) == ()
    more = {"job": "clinic-0a1b", "author": "AROA:signer", "made": 3, "signature": True}
    assert revisions.revise(signing, revised, revision, **more, require_review=[(1, 3)])[1].number == 5


def test_a_draft_may_be_signed_as_it_is_where_no_review_is_required():
    revised, revision = revise(correction("signed"))
    assert (revised.words[1].text, revision.status) == ("metoprolol", Status.SIGNED)
