"""The laptop's speech recogniser, a process of its own; README.md in this folder describes it.

Start it with `python -m local.recogniser`. Other packages import only the names below. Tests of other packages also
write recordings with `local.recogniser.scripted`. `tests/unit/test_boundaries.py` checks both rules.
"""

from local.recogniser.requests_and_results import (
    Entity,
    Reading,
    RecognitionRequest,
    RecognitionResult,
    Segment,
    Term,
    Word,
)

__all__ = ["Entity", "Reading", "RecognitionRequest", "RecognitionResult", "Segment", "Term", "Word"]
