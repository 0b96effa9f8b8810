"""What a recording is, judged by its content, and what of it Transcribe Medical would refuse."""

import logging
import struct

from adapters.s3_range_file import S3RangeFile
from stethoscript import audio_formats, aws_errors
from stethoscript.audio_info import AudioInfo

_FAULTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, struct.error)


def probe(recording: S3RangeFile, key: str) -> tuple[str, AudioInfo]:
    """Transcribe's name of the format, and what the recording tells of its sound, within the file's budget.

    The key's extension counts only where the content is of no format that we know, nor anything else.

    Raises:
        Rejected: there is proof that Transcribe would refuse it.
    """
    name = key.rpartition("/")[2]
    extension = name.rpartition(".")[2] if "." in name else ""
    try:
        return audio_formats.examine(recording, extension)
    except _FAULTS as error:  # one of ours, in a file that nobody thought of: that proves nothing against the file
        logging.getLogger(__name__).warning("the audio probe failed: %s", aws_errors.described(error))
        return audio_formats.by_extension(extension), AudioInfo()
