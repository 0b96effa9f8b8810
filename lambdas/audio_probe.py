"""What a recording is, judged by its content, and what of it Transcribe Medical would refuse."""

from s3_range_file import S3RangeFile
from stethoscript import audio_formats
from stethoscript.audio import AudioInfo


def probe(recording: S3RangeFile, key: str) -> tuple[str, AudioInfo]:
    """Transcribe's name of the format, and what the recording tells of its sound, within the file's budget.

    The key's extension counts only where the content is of no format that we know, nor anything else.

    Raises:
        Rejected: there is proof that Transcribe would refuse it.
    """
    name = key.rpartition("/")[2]
    return audio_formats.examine(recording, name.rpartition(".")[2] if "." in name else "")
