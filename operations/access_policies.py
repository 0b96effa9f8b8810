"""The managed policies of a deployment and their commands. `stacks/access_statements.py` writes them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from operations import permissions
from operations.permissions import Need


@dataclass(frozen=True)
class Policy:
    """A managed policy: its commands, the permissions it omits and the permissions it adds."""

    name: str
    commands: tuple[str, ...]
    without: frozenset[str] = frozenset()
    """Resources whose optional permissions the policy omits."""
    options: bool = True
    """Whether the policy includes permissions that only command options need."""
    beside: tuple[tuple[Need, str], ...] = ()
    """Additional permissions for the holders' own programs, each with its reason."""


_SPOKEN = frozenset({"Recordings", "Documents", "RawTranscripts"})
_RESUME = "A program that resumes an upload in parts asks which parts are there."
_BROWSE = "Programs list documents, and read versions that were overwritten."
POLICIES: Mapping[str, Policy] = {
    policy.name: policy
    for policy in (
        Policy(
            "Uploader",
            ("upload",),
            without=frozenset({"Functions"}),
            options=False,
            beside=((Need("Uploads", ("s3:ListMultipartUploadParts",)), _RESUME),),
        ),
        Policy(
            "Reader",
            ("open",),
            without=frozenset({"Recordings"}),
            options=False,
            beside=(
                (Need("Transcripts", ("s3:ListBucket",)), _BROWSE),
                (Need("Documents", ("s3:GetObjectVersion",)), _BROWSE),
            ),
        ),
        Policy(
            "Subscriber",
            (),
            beside=(
                (
                    Need("Completion", ("sns:Subscribe", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic")),
                    "It is for programs that subscribe by themselves.",
                ),
            ),
        ),
        Policy(
            "Operator",
            ("status", "list", "watch", "explain", "retry", "cancel", "redrive", "backfill", "doctor"),
            without=_SPOKEN | {"Deploying"},
        ),
        Policy("Eraser", ("erase",), without=_SPOKEN),
        Policy("Tester", ("smoke",)),
    )
}
"""The operator policy gives no access to audio or transcripts and no permission to erase them."""


def needs(policy: Policy) -> Iterator[Need]:
    """The permissions in a policy."""
    for command in policy.commands:
        for need in permissions.COMMANDS[command]:
            if not (need.optional and need.on in policy.without) and (policy.options or not need.when):
                yield need
    yield from (need for need, _ in policy.beside)


def held(policy: Policy) -> set[tuple[str, str]]:
    """The permissions of a policy, as pairs of resource name and action."""
    return {(need.on, action) for need in needs(policy) for action in need.actions}


def reader(*, hears_audio: bool) -> Policy:
    """The Reader policy, with or without access to recordings."""
    chosen = POLICIES["Reader"]
    return Policy("Reader", chosen.commands, frozenset() if hears_audio else chosen.without, False, chosen.beside)


def holders(action: str) -> list[str]:
    """The names of the policies that include an action. The Reader policy counts with recordings."""
    chosen = (reader(hears_audio=True) if each.name == "Reader" else each for each in POLICIES.values())
    return [each.name for each in chosen if any(action == held_action for _, held_action in held(each))]
