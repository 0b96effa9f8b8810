"""Questions that only a real account can answer: asked here, answered by a run on AWS or, below, by hand."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """An open question, and how a person answers it if a run does not."""

    asks: str
    by_hand: str


QUESTIONS: Mapping[str, Question] = {
    "pipeline": Question(
        "Do the deployed rights, key policy and notifications carry a recording from upload to notification?",
        "Upload one and wait.",
    ),
    "tagged": Question(
        "May a job be started with tags by a right that is bound to the tag?", "Look at a job's tags in the console."
    ),
    "encrypted": Question(
        "Does Transcribe write its output under the key it is given?", "HeadObject of raw/<job>.json."
    ),
    "unknown job": Question(
        "What does Transcribe answer to the name of a job it does not know?",
        "aws transcribe get-medical-transcription-job with such a name.",
    ),
    "write probe": Question(
        "Does a medical job leave .write_access_check_file.temp, and where?", "List the work bucket after a job."
    ),
    "event, completed": Question(
        "Does AWS send an aws.transcribe event when a medical job is COMPLETED?",
        "TriggeredRules of the rule <name>-job-ended in AWS/Events, some minutes after a job.",
    ),
    "event, failed": Question(
        "Does it send one when a medical job is FAILED?",
        "The same, after a FAILED job: the header check refuses what is easily made to fail.",
    ),
    "alarm, action": Question("Does an alarm that is set reach its subscribers?", "aws cloudwatch set-alarm-state."),
    "alarm, evaluation": Question(
        "Does CloudWatch set an alarm by its metric? A run sets the state by hand.",
        "aws sqs send-message of any text to <name>-intake-dead-letters, and wait ten minutes; then purge it.",
    ),
    "key rights": Question(
        "Which uses of the key does Transcribe make in the start function's name?",
        "CloudTrail, events of kms.amazonaws.com by the start function's role; then narrow EncryptOutput.",
    ),
    "identifiers": Question(
        "How are PHI categories, channels and alternatives spelled in real output?",
        "transcribe.json of recordings that ask for them, against tests/corpus.",
    ),
    "formats": Question("Are Ogg, AMR, WebM and M4A taken for medical jobs?", "Upload one of each; FAILED says no."),
    "speakers": Question(
        "Are speaker labels and channels together refused, and 11 to 30 speakers taken?",
        "aws transcribe start-medical-transcription-job with either.",
    ),
    "bill": Question(
        "Are failed jobs charged, and two channels twice?", "Cost Explorer by the tag profile, two days later."
    ),
}
