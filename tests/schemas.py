"""The JSON Schemas that are published in docs/schemas, and whether a document is valid by one."""

import json
from pathlib import Path
from typing import Any

from cfnlint.context import Context
from cfnlint.jsonschema import StandardValidator

PUBLISHED = Path(__file__).parents[1] / "docs" / "schemas"


def errors(document: Any, schema: str) -> list[str]:
    """What is wrong with a document by the schema of this name, in words."""
    rules = json.loads((PUBLISHED / f"{schema}.json").read_text(encoding="utf-8"))
    # cfn-lint's validator of JSON Schemas; among CloudFormation's functions null would mean that a member is missing.
    validator = StandardValidator(rules, context=Context(functions=[]))
    return [error.message for error in validator.iter_errors(document)]
