"""Locations of objects in S3, and the URIs for them in requests."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

_S3_URI = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.+)")
_PATH_STYLE = re.compile(r"https?://s3[.-][a-z0-9.-]*amazonaws\.com(\.cn)?/(?P<bucket>[^/]+)/(?P<key>.+)")
_HOST_STYLE = re.compile(r"https?://(?P<bucket>[a-z0-9.-]+)\.s3[.-][a-z0-9.-]*amazonaws\.com(\.cn)?/(?P<key>.+)")


@dataclass(frozen=True)
class S3Location:
    """The location of an object in S3."""

    bucket: str
    key: str

    @property
    def arn(self) -> str:
        """The object's ARN."""
        return f"arn:aws:s3:::{self.bucket}/{self.key}"


def named(uri: str) -> S3Location | None:
    """Return the location in a URI, or None if it is not a URI of an object in S3.

    >>> named("s3://clinic/staging/a.wav")
    S3Location(bucket='clinic', key='staging/a.wav')
    """
    if found := _S3_URI.fullmatch(uri):
        return S3Location(found["bucket"], found["key"])
    for style in (_PATH_STYLE, _HOST_STYLE):
        if found := style.fullmatch(uri):
            return S3Location(found["bucket"], unquote(found["key"]))
    return None
