"""The cases, a module for each service. Where a side differs, the case gives the consequence for users."""

from tests.comparison.case import Case
from tests.comparison.cases import (
    dynamodb,
    events,
    logs,
    management,
    queues,
    s3_lists,
    s3_objects,
    s3_settings,
    s3_writes,
    topics,
    transcribe,
)

_MODULES = (
    s3_objects,
    s3_writes,
    s3_lists,
    s3_settings,
    queues,
    topics,
    dynamodb,
    events,
    logs,
    management,
    transcribe,
)

CASES: tuple[Case, ...] = tuple(each for module in _MODULES for each in module.CASES)
