"""Medical vocabularies: the table files of `vocabularies/`. Synth checks all, and deploys those of profiles."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_transcribe as transcribe
from constructs import Construct

from stacks.config import Config, InvalidConfig
from stethoscript import vocabulary

FOLDER = Path(__file__).parents[1] / "vocabularies"
_SETTING = "vocabulary_name"
_MAX_CHARACTERS = 3100
"""Characters of profiles and vocabulary names that fit into a function's environment beside its other variables. Lambda
counts 4 KB of JSON, with the quotes and backslashes that the inner JSON needs."""
_STEM = re.compile(r"[0-9A-Za-z._-]{1,160}")  # deployment and digest make it up to 200, the limit of a name


@dataclass(frozen=True)
class Table:
    """A valid table file, and the name of its vocabulary in AWS."""

    path: Path
    vocabulary_name: str

    @property
    def stem(self) -> str:
        """The name that a profile uses: the file's name without its extension."""
        return self.path.stem


class Vocabularies(Construct):
    """The vocabularies that profiles name. Their names in AWS change with their content.

    CloudFormation first creates new vocabularies, then updates what depends on this construct, then deletes old
    vocabularies. So no job starts with a vocabulary that is not ready.
    """

    def __init__(self, scope: Construct, construct_id: str, *, config: Config, folder: Path = FOLDER) -> None:
        super().__init__(scope, construct_id)
        deployed = named(config.profiles, folder, config.name)
        self.names = {table.stem: table.vocabulary_name for table in deployed}
        """Names in AWS, by the names that profiles and object metadata use."""
        if sum(len(json.dumps(json.dumps(each))) for each in (self.names, config.profiles)) > _MAX_CHARACTERS:
            raise InvalidConfig(
                "profiles: they and their vocabularies' names are too long for a function's environment; "
                "use fewer profiles, or shorter names"
            )
        for table in deployed:
            asset = assets.Asset(self, f"{table.stem}-file", path=str(table.path))
            transcribe.CfnMedicalVocabulary(
                self,
                table.stem,
                vocabulary_name=table.vocabulary_name,
                language_code="en-US",
                vocabulary_file_uri=asset.s3_object_url,
            )


def tables(folder: Path, deployment: str) -> Iterator[Table]:
    """Check and yield the table files of a folder.

    Raises:
        InvalidConfig: Transcribe Medical would refuse a file; the message has line and reason.
    """
    for path in sorted(folder.glob("*.txt")):
        if not _STEM.fullmatch(path.stem):
            raise InvalidConfig(
                f"{folder.name}/{path.name}: the file's name must have only letters, digits, dots, hyphens, underscores"
            )
        content = path.read_bytes()
        try:
            vocabulary.read(content)
        except vocabulary.InvalidTable as bad:
            raise InvalidConfig(f"{folder.name}/{path.name} is not a valid vocabulary: {bad}") from bad
        yield Table(path, vocabulary.deployed_name(deployment, path.stem, content))


def named(profiles: Mapping[str, Any], folder: Path, deployment: str) -> list[Table]:
    """The tables that profiles name.

    Raises:
        InvalidConfig: a profile names a vocabulary that has no file, or a file is invalid.
    """
    known = {table.stem: table for table in tables(folder, deployment)}
    wanted = sorted({settings[_SETTING] for settings in profiles.values() if settings.get(_SETTING)})
    for stem in wanted:
        if stem not in known:
            available = f"known: {', '.join(sorted(known))}" if known else "the folder has no table"
            raise InvalidConfig(
                f"profiles name the vocabulary {stem!r}, but there is no vocabularies/{stem}.txt; {available}"
            )
    return [known[stem] for stem in wanted]
