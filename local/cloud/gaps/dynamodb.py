"""DynamoDB: expressions that AWS refuses, and error codes.

Sources: "Update expressions" and "Reserved words" in the DynamoDB developer guide; the errors of
`DescribeContinuousBackups` in botocore's model.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment"

from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import dynamodb

from local.cloud.gaps.table import Answer, Workarounds


def a_path_is_updated_once() -> None:
    """Without it, one update may set a path and remove it, or set it twice."""
    apply = dynamodb._apply_update_expression

    def applied(
        item: dict[str, Any],
        expr: str,
        attr_values: dict[str, Any],
        attr_names: dict[str, str],
        updated_attrs: set[Any] | None = None,
    ) -> Any:
        paths = _paths(expr, attr_names)
        for number, path in enumerate(paths):
            for other in paths[:number]:
                if path[: len(other)] == other or other[: len(path)] == path:
                    shown = [f"[{', '.join(map(str, each))}]" for each in (other, path)]
                    raise ValueError(
                        "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite "
                        f"one of these paths; path one: {shown[0]}, path two: {shown[1]}"
                    )
        return apply(item, expr, attr_values, attr_names, updated_attrs)

    dynamodb._apply_update_expression = applied


def _paths(expression: str, names: dict[str, str]) -> list[list[Any]]:
    """Return every path that an update expression changes."""
    clauses: list[list[Any]] = []
    for token in dynamodb._tokenize(expression):
        if token[0] == "IDENT" and token[1].upper() in ("SET", "REMOVE", "ADD", "DELETE"):
            clauses.append([token[1].upper()])
        elif token[0] != "EOF" and clauses:
            clauses[-1].append(token)
    found = []
    for kind, *tokens in clauses:
        for action in dynamodb._split_by_comma(tokens):
            target = _target(kind, action)
            if target:
                found.append(list(dynamodb._parse_path_from_tokens(target, names)))
    return found


def _target(kind: str, action: list[Any]) -> list[Any]:
    """Return the tokens of the path in an action: those before `=`, those before the value, or all."""
    ends = {"SET": "EQ", "ADD": "VALUE_REF", "DELETE": "VALUE_REF"}.get(kind)
    kinds = [token[0] for token in action]
    return action[: kinds.index(ends)] if ends in kinds else action


def reserved_words_are_refused() -> None:
    """Without it, a reserved word in the projection of a batch, query or scan is an internal error."""
    handlers = ("_batch_get_item", "_query", "_scan", "_get_item", "_transact_get_items")
    for name in handlers:
        setattr(dynamodb, name, _checking_projections(getattr(dynamodb, name)))


def _checking_projections(handle: Any) -> Any:
    def handled(data: dict[str, Any], *more: Any) -> Answer:
        for asked in (data, *(data.get("RequestItems") or {}).values()):
            expression = asked.get("ProjectionExpression") if isinstance(asked, dict) else None
            error = dynamodb._validate_projection_expression_syntax(expression) if expression else None
            if error:
                refused: Answer = error_response_json("ValidationException", error, 400)
                return refused
        answer: Answer = handle(data, *more)
        return answer

    return handled


def backups_name_missing_tables() -> None:
    """Without it, a request for the backups of an unknown table returns another error than on AWS."""
    describe = dynamodb._describe_continuous_backups

    def described(data: dict[str, Any]) -> Answer:
        name = dynamodb._normalize_table_name(data.get("TableName", ""))
        if name not in dynamodb._tables:
            missing: Answer = error_response_json("TableNotFoundException", f"Table not found: {name}", 400)
            return missing
        answer: Answer = describe(data)
        return answer

    dynamodb._describe_continuous_backups = described


WORKAROUNDS: Workarounds = {
    a_path_is_updated_once: {
        (dynamodb, "_apply_update_expression"): ("item", "expr", "attr_values", "attr_names", "updated_attrs"),
        (dynamodb, "_tokenize"): ("expr",),
        (dynamodb, "_split_by_comma"): ("tokens",),
        (dynamodb, "_parse_path_from_tokens"): ("tokens", "attr_names"),
    },
    reserved_words_are_refused: {
        (dynamodb, "_validate_projection_expression_syntax"): ("expr",),
        (dynamodb, "_batch_get_item"): ("data",),
        (dynamodb, "_query"): ("data",),
        (dynamodb, "_scan"): ("data",),
        (dynamodb, "_get_item"): ("data",),
        (dynamodb, "_transact_get_items"): ("data",),
    },
    backups_name_missing_tables: {
        (dynamodb, "_describe_continuous_backups"): ("data",),
        (dynamodb, "_normalize_table_name"): ("value",),
        (dynamodb, "_tables"): None,
    },
}
