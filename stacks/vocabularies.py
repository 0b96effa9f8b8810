"""Medical vocabularies: the table files of `vocabularies/`, checked at synth and deployed where a profile names one."""

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
_MOST_TEXT = 3100
"""Characters that fit into a function's environment beside the rest of it: Lambda's 4 KB count its JSON, quotes and
backslashes of the JSON within included."""
_STEM = re.compile(r"[0-9A-Za-z._-]{1,160}")  # with deployment and digest it is no longer than a name may be


@dataclass(frozen=True)
class Table:
    """A table file, known to be one that Transcribe Medical takes, and the vocabulary it becomes."""

    path: Path
    vocabulary_name: str

    @property
    def stem(self) -> str:
        """What a profile calls it: the file's name without its ending."""
        return self.path.stem


class Vocabularies(Construct):
    """The vocabularies that the profiles name, under names that change with their content.

    CloudFormation makes what is new first and removes what is old last; in between, whoever depends on this
    construct is told the new names. So no job is ever started with a vocabulary that is not ready.
    """

    def __init__(self, scope: Construct, construct_id: str, *, config: Config, folder: Path = FOLDER) -> None:
        super().__init__(scope, construct_id)
        deployed = named(config.profiles, folder, config.name)
        self.names = {table.stem: table.vocabulary_name for table in deployed}
        """What each is called in AWS, by what profiles and metadata call it."""
        if sum(len(json.dumps(json.dumps(each))) for each in (self.names, config.profiles)) > _MOST_TEXT:
            raise InvalidConfig(
                "profiles: they and their vocabularies' names do not fit in; use fewer, or shorter names"
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
    """The table files of a folder, all of them checked.

    Raises:
        BadChoice: a file that Transcribe Medical would refuse, with line and reason.
    """
    for path in sorted(folder.glob("*.txt")):
        if not _STEM.fullmatch(path.stem):
            raise InvalidConfig(
                f"{folder.name}/{path.name}: name the file in letters, digits, dots, hyphens, underscores"
            )
        content = path.read_bytes()
        try:
            vocabulary.read(content)
        except vocabulary.InvalidTable as bad:
            raise InvalidConfig(f"{folder.name}/{path.name} is no vocabulary: {bad}") from bad
        yield Table(path, vocabulary.deployed_name(deployment, path.stem, content))


def named(profiles: Mapping[str, Any], folder: Path, deployment: str) -> list[Table]:
    """The tables that the profiles name.

    Raises:
        BadChoice: a profile names a vocabulary that no file is for, or a file is none.
    """
    known = {table.stem: table for table in tables(folder, deployment)}
    wanted = sorted({settings[_SETTING] for settings in profiles.values() if settings.get(_SETTING)})
    for stem in wanted:
        if stem not in known:
            have = f"there are {', '.join(sorted(known))}" if known else "the folder holds none"
            raise InvalidConfig(
                f"profiles name the vocabulary {stem!r}, but there is no vocabularies/{stem}.txt; {have}"
            )
    return [known[stem] for stem in wanted]
