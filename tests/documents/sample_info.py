"""The recording information that these tests put into documents."""

from documents.recording_info import RecordingInfo
from stethoscript.profiles import JobSettings

INFO = RecordingInfo(
    "clinic-38d3f5",
    "conversation/Jane Doe.wav",
    1_790_000_000,
    JobSettings("CONVERSATION"),
    "conversation",
    "visit-4711",
)
