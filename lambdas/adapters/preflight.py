"""Checks an upload before its job starts: fills in its ledger row, or raises the rejection."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from adapters import audio_probe
from adapters.s3_range_file import S3RangeFile
from adapters.upload_reader import UploadReader
from stethoscript import audio_info, object_metadata, profiles, upload_storage
from stethoscript.ledger_row import LedgerRow, audio_fields
from stethoscript.profiles import Profile


@dataclass(frozen=True)
class Preflight:
    """The profiles, and the reader of the intake bucket. `head` is always HeadObject's answer for the row's upload."""

    profiles: tuple[Profile, ...]
    reader: UploadReader

    def with_profile(self, row: LedgerRow) -> LedgerRow:
        """The row with its profile's name and settings; unchanged if no profile matches."""
        profile = profiles.match(self.profiles, row.key)
        if profile is None:
            return row
        return replace(
            row, profile=profile.name, job_settings=profile.job_settings.plain(), profile_settings=profile.row_settings
        )

    def with_metadata(self, row: LedgerRow, head: Mapping[str, Any]) -> LedgerRow:
        """The row with the job settings of the object's metadata.

        This step comes first, because the notification of a later rejection names the settings too.

        Raises:
            Rejected: no profile matches the key, or the metadata asks for an impossible setting.
        """
        profile = profiles.match(self.profiles, row.key)
        if profile is None:
            raise profiles.unmatched(self.profiles)
        job_settings = object_metadata.overridden(profile, head["Metadata"])
        return replace(row, job_settings=job_settings.plain(), warning=object_metadata.warning(head["Metadata"]))

    def with_audio(self, row: LedgerRow, head: Mapping[str, Any]) -> LedgerRow:
        """The row with the audio's format and length, ready to be claimed.

        Raises:
            Rejected: Transcribe would refuse the recording.
            UploadGone: the upload was deleted.
        """
        audio_info.check_size(head["ContentLength"])
        upload_storage.check_class(head)
        content = S3RangeFile(head["ContentLength"], partial(self.reader.read, row.upload, head))
        media_format, info = audio_probe.probe(content, row.key)
        object_metadata.check_media_format(head["Metadata"], media_format)
        audio_info.check_sound(info, each_channel=row.settings.channel_identification)
        return replace(row, media_format=media_format, **audio_fields(info))
