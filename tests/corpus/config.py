"""A deployment's configuration. `given` is a change to a valid configuration; a text is a file's content."""

from tests.corpus.item import OK, REFUSED, Item
from tests.functions.fakes import ACCOUNT

LEAST = {"name": "clinic", "profiles": {"dictation/": {}}}
_KMS = f"arn:aws:kms:us-east-1:{ACCOUNT}"
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: !!python/object/apply:os.system ['id']\n"


def _profile(**settings: object) -> dict[str, object]:
    return {"profiles": {"dictation/": settings}}


ITEMS = (
    Item("G1a", "an empty prefix", {"profiles": {"": {}}}, REFUSED),
    Item("G1b", "no profile at all", {"profiles": {}}, REFUSED),
    Item("G2a", "a name in other letters", {"name": "ünïcode"}, REFUSED),
    Item("G2b", "a name in capitals", {"name": "Clinic"}, REFUSED),
    Item("G2c", "a name S3 keeps for itself", {"name": "xn--clinic"}, REFUSED),
    Item("G2d", "a name of 64 letters", {"name": "c" * 64}, REFUSED),
    Item("G2e", "a name with a line break", {"name": "clinic\n"}, REFUSED),
    Item("G3", "another account's bucket", {"intake_bucket": "somebody-elses"}, REFUSED, "buckets are no choice"),
    Item("G4a", "audio kept for ever", {"retention": {"audio_days": 0}}, OK, "0 means for ever"),
    Item("G4b", "a negative retention", {"retention": {"audio_days": -1}}, REFUSED),
    Item("G4c", "a retention of letters", {"retention": {"audio_days": "abc"}}, REFUSED),
    Item("G4d", "access logs kept for ever", {"retention": {"access_log_days": 0}}, REFUSED, "they hold keys"),
    Item("G5", "German", _profile(language="de-DE"), REFUSED, "Transcribe Medical knows en-US only: no choice"),
    Item("G6", "a specialty in lower case", _profile(specialty="primarycare"), REFUSED,
         "a file can be corrected before it is deployed; metadata is read more kindly"),
    Item("G7a", "one speaker", _profile(max_speaker_labels=1), REFUSED),
    Item("G7b", "eleven speakers", _profile(max_speaker_labels=11), OK, "the service model takes up to 30"),
    Item("G7c", "31 speakers", _profile(max_speaker_labels=31), REFUSED),
    Item("G8", "speakers and channels at once", _profile(max_speaker_labels=2, channel_identification=True), REFUSED),
    Item("G9", "a Region without Transcribe Medical", {"region": "eu-south-2"}, REFUSED,
         "the Region is the credentials', not a choice; README names where to look it up"),
    Item("G10", "a second header in an address", {"emails": {"completion": ["a@b.example\nBcc: c@d.e"]}}, REFUSED),
    Item("G11a", "a key by its alias", {"key_arn": f"{_KMS}:alias/clinic"}, REFUSED),
    Item("G11b", "another account's key", {"key_arn": _KMS.replace(ACCOUNT, "999999999999") + ":key/1"}, OK,
         "may be; docs/security.md has the statements its policy needs"),
    Item("G12", "one function at a time", {"quotas": {"start_concurrency": 1}}, REFUSED),
    Item("G13", "a visibility of one second", {"visibility_seconds": 1}, REFUSED, "follows from the function's time"),
    Item("G14", "a letter too few", {"retension": {}}, REFUSED),
    Item("G15a", "a file of YAML that runs and explodes", BOMB, REFUSED, "files are JSON, and read as nothing else"),
    Item("G15b", "a million brackets", "[" * 1_000_000, REFUSED),
    Item("G16", "a schedule's expression", {"reconcile": {"every_minutes": "rate(1 minutes)"}}, REFUSED),
    Item("G17", "a prefix that climbs", {"profiles": {"../": {}}}, REFUSED),
    Item("G18", "a vocabulary's name with a blank", _profile(vocabulary_name="my drugs"), REFUSED),
)  # fmt: skip
