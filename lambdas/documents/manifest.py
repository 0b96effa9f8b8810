"""The list of what was delivered for one job: a reader needs no other key to find the documents."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stethoscript.rows import Row
from stethoscript.transcript import Transcript

SCHEMA = "1.0"
NAME = "manifest.json"


@dataclass(frozen=True)
class Document:
    """A file beside the manifest."""

    form: str
    name: str
    content_type: str
    body: bytes


def write(row: Row, transcript: Transcript, documents: tuple[Document, ...]) -> bytes:
    """JSON; speaks of the job and its documents, not of the source's name."""
    listed = [
        {
            "form": document.form,
            "name": document.name,
            "contentType": document.content_type,
            "bytes": len(document.body),
            "sha256": hashlib.sha256(document.body).hexdigest(),
        }
        for document in documents
    ]
    about: Mapping[str, Any] = {
        "schema": SCHEMA,
        "job": row.job,
        "profile": row.profile,
        "recipe": {name: value for name, value in row.recipe.items() if value is not None},
        "versionId": row.version,
        "correlationId": row.correlation_id,
        "words": len(transcript.words),
        "lastWordEnds": max((word.end for word in transcript.words if word.end is not None), default=0.0),
        "documents": listed,
    }
    return json.dumps(about, indent=2).encode()
