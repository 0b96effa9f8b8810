"""The JSON Schemas in docs/schemas, and the validation of a document."""

import json
from pathlib import Path
from typing import Any

from cfnlint.context import Context
from cfnlint.jsonschema import StandardValidator

PUBLISHED = Path(__file__).parents[1] / "docs" / "schemas"


def errors(document: Any, schema: str) -> list[str]:
    """The validation errors of a document by the schema of this name."""
    rules = json.loads((PUBLISHED / f"{schema}.json").read_text(encoding="utf-8"))
    # cfn-lint's validator of JSON Schemas; with CloudFormation's functions a null would count as a missing member.
    validator = StandardValidator(rules, context=Context(functions=[]))
    return [error.message for error in validator.iter_errors(document)]
