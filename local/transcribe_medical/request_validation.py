"""Validate requests of Transcribe by botocore's service model, and by rules between members.

AWS generates its SDKs from the same model, so no name, limit or enum is repeated here. boto3 checks only required
members, types and minimums before it sends; the service must check the rest.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

Request = Mapping[str, Any]


class Refused(Exception):
    """An error of the service: code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def bad_request(message: str) -> Refused:
    """Return the error for a valid request that the service refuses."""
    return Refused("BadRequestException", message)


def check(operation: str, request: Request) -> None:
    """Raise Refused unless the request satisfies the model and the rules of the operation."""
    shape = _model().operation_model(operation).input_shape
    if not isinstance(shape, StructureShape):
        return
    _check_types(shape, request, "")
    if problems := list(_structure(shape, request, "")):
        plural = "s" if len(problems) > 1 else ""
        raise bad_request(f"{len(problems)} validation error{plural} detected: {'; '.join(problems)}")
    for rule in RULES.get(operation, ()):
        if sentence := rule(request):
            raise bad_request(sentence)


@cache
def _model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("transcribe", "service-2"), "transcribe")


# --- types: a request with a wrong type is a serialization error ---

_TYPES: Mapping[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "timestamp": (int, float),
}


def _check_types(shape: Shape, value: Any, path: str) -> None:
    if not _is(value, _TYPES[shape.type_name]):
        where = f" at '{path}'" if path else ""
        raise Refused("SerializationException", f"The value{where} is not a {shape.type_name}.")
    if isinstance(shape, StructureShape):
        for name, inner in value.items():
            if name not in shape.members:
                raise bad_request(f"1 validation error detected: Unknown member '{_below(path, name)}'")
            if inner is not None:
                _check_types(shape.members[name], inner, _below(path, name))
    elif isinstance(shape, ListShape):
        for number, inner in enumerate(value, 1):
            _check_types(shape.member, inner, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        for name, inner in value.items():
            _check_types(shape.value, inner, f"{path}.{name}.member")


def _is(value: Any, expected: tuple[type, ...]) -> bool:
    """Return whether a value has an expected type; a boolean is not an integer here."""
    return isinstance(value, expected) and not (isinstance(value, bool) and bool not in expected)


# --- constraints: one message names all that fail ---


def _structure(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value null at '{_below(path, name)}' failed to satisfy constraint: Member must not be null"
    for name, inner in value.items():
        if inner is not None:
            yield from _value(shape.members[name], inner, _below(path, name))


def _value(shape: Shape, value: Any, path: str) -> Iterator[str]:
    for constraint in _broken(shape, value):
        yield f"Value '{_shown(value)}' at '{path}' failed to satisfy constraint: {constraint}"
    if isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        for number, inner in enumerate(value, 1):
            yield from _value(shape.member, inner, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        yield from _entries(shape, value, path)


def _entries(shape: MapShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for kind, inner_shape, inners in (("key", shape.key, value.keys()), ("value", shape.value, value.values())):
        broken = dict.fromkeys(constraint for inner in inners for constraint in _broken(inner_shape, inner))
        if broken:
            yield (
                f"Value '{_shown(value)}' at '{path}' failed to satisfy constraint: "
                f"Map {kind} must satisfy constraint: [{', '.join(broken)}]"
            )


def _broken(shape: Shape, value: Any) -> Iterator[str]:
    limits = shape.metadata
    kind, size = ("value", value) if shape.type_name == "integer" else ("length", _length(value))
    if size is not None and "max" in limits and size > limits["max"]:
        yield f"Member must have {kind} less than or equal to {limits['max']}"
    if size is not None and "min" in limits and size < limits["min"]:
        yield f"Member must have {kind} greater than or equal to {limits['min']}"
    if "pattern" in limits and not re.fullmatch(limits["pattern"], value):
        yield f"Member must satisfy regular expression pattern: {limits['pattern']}"
    if "enum" in limits and value not in limits["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]"


def _length(value: Any) -> int | None:
    return len(value) if isinstance(value, (str, list, dict)) else None


def _shown(value: Any) -> str:
    """Write a value as the service's messages do, in Java's format."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}={_shown(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_shown(inner) for inner in value) + "]"
    return str(value)


def _below(path: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member


# --- rules between members, which the model does not have ---

Rule = Callable[[Request], str | None]

MOST_TAGS = 50
TOO_MANY_TAGS = f"A resource can have at most {MOST_TAGS} tags."


def _language_is_english(request: Request) -> str | None:
    if request["LanguageCode"] == "en-US":
        return None
    return "The language code that you provided isn't supported by Transcribe Medical. Use en-US."


def _name_is_not_dots(member: str, what: str) -> Rule:
    def rule(request: Request) -> str | None:
        if request[member] not in (".", ".."):
            return None
        return f"The {what} name can't consist of dots alone. Use a different {what} name."

    return rule


def _needs_maximum(show: str, maximum: str) -> Rule:
    def rule(request: Request) -> str | None:
        settings = request.get("Settings") or {}
        if settings.get(show) and settings.get(maximum) is None:
            return f"If {show} is true, you must also specify {maximum}."
        if settings.get(maximum) is not None and not settings.get(show):
            return f"If you specify {maximum}, {show} must be true."
        return None

    return rule


def _labels_or_channels(request: Request) -> str | None:
    settings = request.get("Settings") or {}
    if settings.get("ShowSpeakerLabels") and settings.get("ChannelIdentification"):
        return "You can't set both ShowSpeakerLabels and ChannelIdentification to true in the same request."
    return None


def _context_needs_key(request: Request) -> str | None:
    if request.get("KMSEncryptionContext") and not request.get("OutputEncryptionKMSKeyId"):
        return "If you specify KMSEncryptionContext, you must also specify OutputEncryptionKMSKeyId."
    return None


def _no_redaction(request: Request) -> str | None:
    if request["Media"].get("RedactedMediaFileUri") is None:
        return None
    return "RedactedMediaFileUri is for Call Analytics only. Remove it and try your request again."


def _tags_are_valid(request: Request) -> str | None:
    names = [tag["Key"] for tag in request.get("Tags") or []]
    if len(names) > MOST_TAGS:
        return TOO_MANY_TAGS
    if len(names) != len(set(names)):
        return "A tag key can occur only once."
    if any(name.lower().startswith("aws:") for name in names):
        return "A tag key can't begin with aws:, which is reserved."
    return None


def _tag_keys_are_valid(request: Request) -> str | None:
    if any(name.lower().startswith("aws:") for name in request["TagKeys"]):
        return "A tag key can't begin with aws:, which is reserved."
    return None


_A_VOCABULARY = (_name_is_not_dots("VocabularyName", "vocabulary"), _language_is_english, _tags_are_valid)

RULES: Mapping[str, tuple[Rule, ...]] = {
    "StartMedicalTranscriptionJob": (
        _name_is_not_dots("MedicalTranscriptionJobName", "job"),
        _language_is_english,
        _no_redaction,
        _needs_maximum("ShowSpeakerLabels", "MaxSpeakerLabels"),
        _needs_maximum("ShowAlternatives", "MaxAlternatives"),
        _labels_or_channels,
        _context_needs_key,
        _tags_are_valid,
    ),
    "CreateMedicalVocabulary": _A_VOCABULARY,
    "UpdateMedicalVocabulary": _A_VOCABULARY,
    "TagResource": (_tags_are_valid,),
    "UntagResource": (_tag_keys_are_valid,),
}
