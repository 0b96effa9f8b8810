"""The reasons to refuse a correction, each with a remedy. No text quotes the file, because it holds patient data."""

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """The class of a refusal, for notifications and metrics."""

    TOO_LARGE = "TooLarge"
    TOO_DEEP = "TooDeep"
    NOT_JSON = "NotJson"
    UNKNOWN_VERSION = "UnknownVersion"
    UNKNOWN_MEMBER = "UnknownMember"
    MISSING_MEMBER = "MissingMember"
    DUPLICATE_MEMBER = "DuplicateMember"
    WRONG_TYPE = "WrongType"
    UNPRINTABLE_TEXT = "UnprintableText"
    UNKNOWN_JOB = "UnknownJob"
    OTHER_BASE = "OtherBase"
    OUT_OF_RANGE = "EditOutOfRange"
    OVERLAPPING = "OverlappingEdits"
    TWO_SPEAKERS = "MergeOfTwoSpeakers"
    STATUS = "StatusMayNotFollow"
    SIGNATURE_REQUIRED = "SignatureRequired"
    REASON_MISSING = "ReasonMissing"
    ADDENDUM = "AddendumMayNotStand"
    NOTHING_TO_DO = "NothingToDo"
    NOT_REVIEWED = "NotReviewed"
    AUTHOR_UNKNOWN = "AuthorUnknown"


REMEDIES: Mapping[Reason, str] = {
    Reason.TOO_LARGE: "Save the correction in several smaller files, one after the other.",
    Reason.TOO_DEEP: "Write the file as docs/schemas/correction-1.0.json describes; it nests no deeper.",
    Reason.NOT_JSON: "Write the file as JSON in UTF-8, with whole numbers only.",
    Reason.UNKNOWN_VERSION: 'Set "schema" to "1.0", or upgrade the deployment.',
    Reason.UNKNOWN_MEMBER: "Remove the members that docs/schemas/correction-1.0.json does not name.",
    Reason.MISSING_MEMBER: "Add the members that docs/schemas/correction-1.0.json requires.",
    Reason.DUPLICATE_MEMBER: "Write each member once.",
    Reason.WRONG_TYPE: "Give the member a value that docs/schemas/correction-1.0.json allows.",
    Reason.UNPRINTABLE_TEXT: "Remove control and invisible characters from the text, and leave no text empty.",
    Reason.UNKNOWN_JOB: "Name the job whose folder the file is saved in.",
    Reason.OTHER_BASE: "Open the newest revision, make the correction again and save it: the words have changed.",
    Reason.OUT_OF_RANGE: "Use positions from 0 to the number of words; a range ends after it begins.",
    Reason.OVERLAPPING: "Let no two edits of one kind name the same word or the same place.",
    Reason.TWO_SPEAKERS: "Give the words of both turns the same speaker, and then merge the turns.",
    Reason.STATUS: "Choose a status that may follow the present one: docs/corrections.md lists them.",
    Reason.SIGNATURE_REQUIRED: "Let a signer save the file under signatures/.",
    Reason.REASON_MISSING: "Give a reason: an amendment and a retraction need one.",
    Reason.ADDENDUM: "Send addenda with the status amended, and neither edits nor addenda with the status retracted.",
    Reason.NOTHING_TO_DO: "Add an edit, an addendum or a confirmation.",
    Reason.NOT_REVIEWED: "Confirm or correct each review point, and then sign.",
    Reason.AUTHOR_UNKNOWN: "Save the file again: S3's event, which names the author, was lost.",
}
"""The remedy for each reason, as a sentence for the author."""


class Refused(ValueError):
    """A correction that was not applied.

    `where` is the place in the file, by the schema's names and by numbers: `edits[3].text`.
    """

    def __init__(self, reason: Reason, where: str | None = None) -> None:
        super().__init__(f"{reason}{f' at {where}' if where else ''}. {REMEDIES[reason]}")
        self.reason = reason
        self.where = where

    @property
    def remedy(self) -> str:
        """The remedy, as a sentence for the author."""
        return REMEDIES[self.reason]
