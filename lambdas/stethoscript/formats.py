"""The forms of document a deployment may choose from. `documents` makes them, `stacks` checks choices: both know these.

Transcribe's own output is delivered whatever is chosen.
"""

NAMES = ("txt", "html", "docx", "vtt", "srt", "csv", "json", "fhir", "masked.txt")
USUAL = ("txt", "html", "docx", "vtt", "json")
"""What is delivered where nothing else is chosen."""


class InvalidFormats(ValueError):
    """A choice of forms that cannot be; says what would do."""


def checked(names: object) -> tuple[str, ...]:
    """The chosen forms, each of them known and named once.

    Raises:
        BadForms: something else.
    """
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise InvalidFormats(f"documents must be a list of {', '.join(NAMES)}")
    for name in names:
        if name not in NAMES:
            raise InvalidFormats(f"documents: unknown form {name!r}; known: {', '.join(NAMES)}")
        if names.count(name) > 1:
            raise InvalidFormats(f"documents: {name!r} is there twice")
    return tuple(names)
