"""The key of everything: whether it can be used, and by all who must."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from operations.doctor import resource_policies
from operations.doctor.context import DoctorContext
from operations.doctor.findings import Finding, attention, broken, ok, unknown
from operations.errors import absent, unless_denied
from stacks import key_policy

_ENCRYPTS = {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}
_STATES = {
    "Disabled": ("is disabled: nothing can be read or written", "Enable it: `aws kms enable-key --key-id {arn}`."),
    "PendingDeletion": (
        "is going to be deleted, and with it every recording and transcript",
        "Stop that at once: `aws kms cancel-key-deletion --key-id {arn}`, then `aws kms enable-key --key-id {arn}`.",
    ),
}


def key(context: DoctorContext) -> Iterator[Finding]:
    """Its state, kind and policy; of a key that was brought, exactly the statements it lacks."""
    arn = (
        context.deployment.outputs["KeyArn"]
        if context.deployment
        else context.config.key_arn
        if context.config
        else None
    )
    if arn is None:
        yield (
            ok("A key will be made.") if context.config else unknown("Whether a key is brought stands in the choices.")
        )
        return
    _, _, _, region, account, _ = arn.split(":", 5)
    if region != context.where.region:
        yield broken(
            "The key is in another Region.", f"Bring one of {context.where.region}: no service takes another's."
        )
        return
    if account != context.where.account:
        yield broken("The key is another account's.", f"Bring one of account {context.where.account}.")
        return
    chosen = context.config.key_arn if context.config else None
    if chosen and chosen != arn:
        yield broken(
            "The choices name another key than was deployed: what lies under that one could not be read any more.",
            f"Choose the deployed one again ({arn}). A key is for a deployment's whole life.",
        )
    try:
        problems = [*_condition(context, arn), *_policy(context, arn)]
    except ClientError as error:
        if not absent(error):
            raise
        yield broken("There is no such key: nothing that lies under it can be read.", f"Look at key_arn ({arn}).")
        return
    yield from problems or [ok("The key is enabled, and lets everybody use it who must.")]
    yield _rotation(context, arn)


def _condition(context: DoctorContext, arn: str) -> Iterator[Finding]:
    kms = context.client("kms")
    found = kms.describe_key(KeyId=arn)["KeyMetadata"]
    if found["KeyState"] != "Enabled":
        what, remedy = _STATES.get(found["KeyState"], (f"is {found['KeyState']}", "Look at it in the KMS console."))
        yield broken(f"The key {what}.", remedy.format(arn=arn))
    if {name: found.get(name) for name in _ENCRYPTS} != _ENCRYPTS:
        yield broken("The key does not encrypt symmetrically.", "Bring a symmetric key that encrypts and decrypts.")


def _rotation(context: DoctorContext, arn: str) -> Finding:
    rotation = unless_denied(lambda: context.client("kms").get_key_rotation_status(KeyId=arn))
    if rotation is None:
        return unknown(
            "Whether the key is rotated cannot be seen.", "Ask whoever owns it; we may not, or it cannot be."
        )
    if rotation["KeyRotationEnabled"]:
        return ok("The key is rotated.")
    return attention("The key is not rotated.", f"Have it: `aws kms enable-key-rotation --key-id {arn}`.")


def _policy(context: DoctorContext, arn: str) -> Iterator[Finding]:
    answer = context.client("kms").get_key_policy(KeyId=arn, PolicyName="default")
    there = resource_policies.read(answer["Policy"])
    for need in key_policy.required_statements(context.name, context.where):
        allowed, sid = resource_policies.allows(there, need.statement), need.statement["Sid"]
        if allowed is None:
            yield unknown(
                f"Whether the key's policy allows what {sid} does depends on who asks: a statement denies some of it "
                f"under a condition. Where it does, {need.consequence}.",
                "Look at the policy's statements that deny.",
            )
        elif not allowed:
            yield broken(
                f"The key's policy lacks what {sid} allows: {need.consequence}.",
                "Add the statement to the key's policy.",
                evidence=need.statement,
            )
