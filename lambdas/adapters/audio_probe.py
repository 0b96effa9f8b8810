"""Detects a recording's audio format and length from its content."""

import logging
import struct

from adapters.s3_range_file import S3RangeFile
from stethoscript import audio_formats, aws_errors
from stethoscript.audio_info import AudioInfo

_FAULTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, struct.error)


def probe(recording: S3RangeFile, key: str) -> tuple[str, AudioInfo]:
    """Transcribe's name of the format, and the audio's properties. The file's limits bound the cost.

    The key's extension decides only if the content has no known format.

    Raises:
        Rejected: the content proves that Transcribe would refuse the recording.
    """
    name = key.rpartition("/")[2]
    extension = name.rpartition(".")[2] if "." in name else ""
    try:
        return audio_formats.examine(recording, extension)
    except _FAULTS as error:  # a bug in a parser proves nothing against the file
        logging.getLogger(__name__).warning("the audio probe failed: %s", aws_errors.described(error))
        return audio_formats.by_extension(extension), AudioInfo()
