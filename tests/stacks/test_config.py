import json
import os
import subprocess
import sys
from dataclasses import MISSING, fields, is_dataclass

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import stethoscript
from stacks.config import OLD_VERSION_DAYS, RUNTIMES, Config, InvalidConfig, Retention
from stethoscript import formats, notifications
from tests.stacks.resolved_templates import ACCOUNT, BROUGHT_KEY, ROOT, empty_app

OLDEST_MINOR = 11

PAGE = ROOT / "docs" / "deploying.md"

LEAST = {"name": "clinic", "profiles": {"dictation/": {}}}
ALIAS = "arn:aws:kms:us-east-1:111122223333:alias/clinic"
MANY = {f"department{number}/": {} for number in range(41)}


QUEUE = "arn:aws:sqs:us-east-1:111122223333:archive"


def chosen(**changed):
    return LEAST | changed


def subscribed(endpoint, protocol="sqs", **more):
    return chosen(subscriptions=[{"protocol": protocol, "endpoint": endpoint, **more}])


REFUSED = {
    "an unknown choice": (chosen(email=[]), "unknown setting email; did you mean emails?"),
    "an unknown choice like no other": (chosen(zzz=1), "unknown setting zzz; known: name, profiles"),
    "an unknown choice deeper down": (
        chosen(retention={"audio_day": 1}),
        "unknown setting retention.audio_day; did you mean audio_days?",
    ),
    "no name": ({"profiles": {"dictation/": {}}}, "name is missing"),
    "no profiles": ({"name": "clinic"}, "profiles is missing"),
    "empty profiles": (chosen(profiles={}), "profiles must name at least one prefix"),
    "too many profiles": (chosen(profiles=MANY), "profiles: at most 40"),
    "a name with a hyphen": (chosen(name="our-clinic"), "name must be 2 to 23 lower-case letters"),
    "a name too long": (chosen(name="a" * 24), "name must be 2 to 23 lower-case letters"),
    "a number for a name": (chosen(name=7), "name must be a string, not 7"),
    "a text for a number": (chosen(retry_delay_seconds="30"), 'retry_delay_seconds must be a whole number, not "30"'),
    "a truth for a number": (chosen(job_poll_seconds=True), "job_poll_seconds must be a whole number, not true"),
    "a fraction for a number": (
        chosen(retention={"audio_days": 1.5}),
        "retention.audio_days must be a whole number, not 1.5",
    ),
    "a text for an object": (chosen(retention="long"), "retention must be an object"),
    "a list for an object": (chosen(profiles=["dictation/"]), "profiles must be an object"),
    "a text for a list": (chosen(emails={"completion": "a@b.example"}), "emails.completion must be a list of strings"),
    "a bad address": (
        chosen(emails={"operations": ["nobody"]}),
        "emails.operations: 'nobody' is not an e-mail address",
    ),
    "an address twice": (
        chosen(emails={"completion": ["a@b.example", "a@b.example"]}),
        "emails.completion: 'a@b.example' is listed twice",
    ),
    "an unknown form": (chosen(documents=["txt", "pdf"]), "documents: unknown format 'pdf'; known: txt"),
    "a form twice": (chosen(documents=["txt", "txt"]), "documents: 'txt' is listed twice"),
    "a profile's unknown form": (
        chosen(profiles={"a/": {"documents": ["doc"]}}),
        "profile 'a/': documents: unknown format 'doc'",
    ),
    "an unknown layout": (chosen(layout="flat"), "layout must be opaque or mirrored"),
    "subscriptions that are no list": (chosen(subscriptions={}), "subscriptions must be a list of objects"),
    "a subscription that is no object": (chosen(subscriptions=["a"]), "subscriptions[0] must be an object"),
    "a subscription to nowhere": (chosen(subscriptions=[{"protocol": "sqs"}]), "subscriptions[0].endpoint is missing"),
    "a misspelled member": (
        subscribed(QUEUE, filters={}),
        "unknown setting subscriptions[0].filters; did you mean filter?",
    ),
    "an unknown protocol": (
        subscribed("http://ward.example", "http"),
        "subscriptions[0]: protocol must be one of email, email-json, sqs, lambda, https",
    ),
    "an address for a queue": (subscribed("a@b.example"), "subscriptions[0]: endpoint must be the ARN of a queue"),
    "a FIFO queue": (subscribed(f"{QUEUE}.fifo"), "subscriptions[0]: endpoint must be the ARN of a queue, but not of"),
    "a queue for a function": (subscribed(QUEUE, "lambda"), "subscriptions[0]: endpoint must be a function's ARN"),
    "no address": (subscribed("nobody", "email"), "subscriptions[0]: endpoint must be an e-mail address"),
    "an unencrypted address": (
        subscribed("http://a.example", "https"),
        "subscriptions[0]: endpoint must be an address",
    ),
    "a password for all to read": (
        subscribed("https://me:secret@a.example/", "https"),
        "subscriptions[0]: endpoint must be an address that begins with https:// and contains no user name",
    ),
    "raw messages where they would be unsigned": (
        subscribed("https://a.example/", "https", raw=True),
        "subscriptions[0]: raw is for sqs only",
    ),
    "a filter by an unknown attribute": (
        subscribed(QUEUE, filter={"state": ["FAILED"]}),
        "subscriptions[0]: filter: unknown attribute state; known: status, profile",
    ),
    "a filter by a value that never comes": (
        subscribed(QUEUE, filter={"status": ["DONE"]}),
        "subscriptions[0]: filter.status: 'DONE' never occurs; known: DELIVERED, FAILED, REJECTED",
    ),
    "a filter by an unknown reason": (
        subscribed(QUEUE, filter={"reason": ["TooBig"]}),
        "subscriptions[0]: filter.reason: 'TooBig' never occurs; known: NoProfile",
    ),
    "a filter by a profile that is not there": (
        subscribed(QUEUE, filter={"profile": ["surgery"]}),
        "subscriptions[0]: filter.profile: there is no profile 'surgery'; known: dictation, none",
    ),
    "a filter that lets nothing through": (
        subscribed(QUEUE, filter={"status": []}),
        "subscriptions[0]: filter.status must be a list of one or more strings",
    ),
    "a filter that is no list": (
        subscribed(QUEUE, filter={"status": "FAILED"}),
        "subscriptions[0]: filter.status must be a list of one or more strings",
    ),
    "a filter by too many attributes": (
        subscribed(
            QUEUE, filter={name: list(values or ["dictation"])[:1] for name, values in notifications.VALUES.items()}
        ),
        "subscriptions[0]: filter: SNS filters by at most 5 attributes",
    ),
    "a filter of too many combinations": (
        subscribed(
            QUEUE, filter={name: list(notifications.VALUES[name]) for name in ("status", "reason", "confidence")}
        ),
        "subscriptions[0]: filter: SNS accepts at most 150 combinations",
    ),
    "a profile called none": (chosen(profiles={"none/": {}}), "profiles: 'none' means no profile in notifications"),
    "a delivery for a reason": (
        subscribed(QUEUE, filter={"status": ["DELIVERED"], "reason": ["TooShort"]}),
        "subscriptions[0]: filter.status: 'DELIVERED' never occurs together with the rest of the filter",
    ),
    "a refusal with confidence": (
        subscribed(QUEUE, filter={"status": ["REJECTED"], "confidence": ["low"]}),
        "subscriptions[0]: filter.status: 'REJECTED' never occurs together with the rest",
    ),
    "a failure's reason for a refusal": (
        subscribed(QUEUE, filter={"status": ["REJECTED"], "reason": ["TooShort", "JobVanished"]}),
        "subscriptions[0]: filter.reason: 'JobVanished' never occurs together with the rest",
    ),
    "a delivery of no type": (
        subscribed(QUEUE, filter={"status": ["DELIVERED"], "type": ["none"]}),
        "subscriptions[0]: filter.status: 'DELIVERED' never occurs together with the rest",
    ),
    "a subscriber twice": (
        chosen(subscriptions=[{"protocol": "sqs", "endpoint": QUEUE}] * 2),
        f"subscriptions: sqs {QUEUE} is listed twice",
    ),
    "an address that is told already": (
        subscribed("a@b.example", "email") | {"emails": {"completion": ["a@b.example"]}},
        "subscriptions: email a@b.example is listed twice",
    ),
    "too many subscribers": (
        chosen(subscriptions=[{"protocol": "sqs", "endpoint": f"{QUEUE}{number}"} for number in range(51)]),
        "subscriptions: at most 50",
    ),
    "a prefix without its slash": (chosen(profiles={"dictation": {}}), "profile 'dictation': a prefix is"),
    "a prefix in capitals": (chosen(profiles={"Dictation/": {}}), "profile 'Dictation/': a prefix is"),
    "a profile that is no object": (
        chosen(profiles={"dictation/": "DICTATION"}),
        "profile 'dictation/': its settings must be an object",
    ),
    "an unknown setting": (
        chosen(profiles={"dictation/": {"speciality": "PRIMARYCARE"}}),
        "profile 'dictation/': unknown speciality; known: type, specialty",
    ),
    "labels and channels": (
        chosen(profiles={"a/": {"max_speaker_labels": 2, "channel_identification": True}}),
        "profile 'a/': channel_identification and max_speaker_labels exclude each other",
    ),
    "one speaker": (
        chosen(profiles={"a/": {"max_speaker_labels": 1}}),
        "profile 'a/': max_speaker_labels must be a whole number from 2 to 30",
    ),
    "eleven alternatives": (
        chosen(profiles={"a/": {"max_alternatives": 11}}),
        "profile 'a/': max_alternatives must be a whole number from 2 to 10",
    ),
    "an unknown type": (
        chosen(profiles={"a/": {"type": "SONG"}}),
        "profile 'a/': type must be DICTATION or CONVERSATION",
    ),
    "days CloudWatch does not know": (chosen(retention={"log_days": 100}), "retention.log_days must be one of 1, 3, 5"),
    "a negative retention": (chosen(retention={"audio_days": -1}), "retention.audio_days must be at least 0"),
    "access logs for ever": (chosen(retention={"access_log_days": 0}), "retention.access_log_days must be at least 1"),
    "an alias for a key": (chosen(key_arn=ALIAS), "key_arn must be a key's ARN (not an alias)"),
    "an empty key": (chosen(key_arn=""), "key_arn must be a key's ARN"),
    "a reader's name": (chosen(transcript_readers=["ward"]), "transcript_readers must be a list of the ARNs of roles"),
    "everybody as readers": (
        chosen(transcript_readers=["*"]),
        "transcript_readers must be a list of the ARNs of roles",
    ),
    "a boundary's ARN": (
        chosen(permissions_boundary="arn:aws:iam::111122223333:policy/team"),
        "permissions_boundary must be a policy's name",
    ),
    "a qualifier too long": (chosen(bootstrap_qualifier="ourownqualifier"), "bootstrap_qualifier must be 1 to 10"),
    "one function at a time": (
        chosen(quotas={"start_concurrency": 1}),
        "quotas.start_concurrency must be from 2 to 1000",
    ),
    "too many functions": (
        chosen(quotas={"deliver_concurrency": 1001}),
        "quotas.deliver_concurrency must be from 2 to 1000",
    ),
    "no jobs": (chosen(quotas={"concurrent_jobs": 0}), "quotas.concurrent_jobs must be at least 1"),
    "an old runtime": (
        chosen(functions={"runtime": "python3.9"}),
        "functions.runtime: Lambda has no python3.9 that the functions' code runs on",
    ),
    "a runtime that does not exist": (
        chosen(functions={"runtime": "python3.19"}),
        (
            "functions.runtime: Lambda has no python3.19 that the functions' code runs on; choose one of "
            "python3.11, python3.12, python3.13, python3.14, python3.15"
        ),
    ),
    "a key's alias in full": (
        chosen(key_arn="arn:aws:kms:us-east-1:111122223333:alias/clinic"),
        (
            "key_arn must be a key's ARN (not an alias): arn:aws:kms:<region>:<account>:key/<id>; "
            "`aws kms describe-key --key-id alias/<name>` shows it"
        ),
    ),
    "a lock on no setting": (
        chosen(profiles={"a/": {"locked": ["phi"]}}),
        "profile 'a/': locked must be true or a list of settings; known: type, specialty",
    ),
    "another language": (chosen(functions={"runtime": "nodejs22.x"}), "functions.runtime: Lambda has no nodejs22.x"),
    "an unknown processor": (
        chosen(functions={"architecture": "arm"}),
        "functions.architecture must be arm64 or x86_64",
    ),
    "a watch beyond SQS": (chosen(job_poll_seconds=901), "job_poll_seconds must be from 0 to 900"),
    "a lock beyond the deletion": (
        chosen(retention={"audio_days": 10, "lock_days": 11}),
        "retention.lock_days must not be more than retention.audio_days",
    ),
    "no patience": (chosen(retry_delay_seconds=0), "retry_delay_seconds must be from 1 to 60"),
    "a reconciler its alarm would miss": (
        chosen(reconcile={"every_minutes": 31}),
        "reconcile.every_minutes must be from 1 to 30",
    ),
    "nothing at all": (None, "it is missing; deploy from the project's folder"),
    "a list": ([], "it must be an object"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_error_names_an_impossible_setting(what):
    config, sentence = REFUSED[what]
    with pytest.raises(InvalidConfig) as refused:
        Config.read(config)
    assert str(refused.value).startswith(sentence)


def test_a_name_and_a_profile_are_enough():
    assert Config.read(LEAST).retention == Retention()


def test_the_configuration_may_be_a_separate_file(tmp_path):
    path = tmp_path / "clinic.json"
    path.write_text(json.dumps(LEAST), encoding="utf-8")
    assert Config.read(str(path)) == Config.read(LEAST)


@pytest.mark.parametrize("content", [None, "{", "\xff"])
def test_the_error_names_an_unreadable_file(tmp_path, content):
    path = tmp_path / "clinic.json"
    if content is not None:
        path.write_text(content, encoding="latin-1")
    with pytest.raises(InvalidConfig, match=r"cannot read .*clinic\.json"):
        Config.read(str(path))


@given(days=st.integers(min_value=1, max_value=100_000))
def test_a_row_outlives_every_version_of_its_audio(days):
    assert Retention(audio_days=days).row_days > days + OLD_VERSION_DAYS


def test_a_row_never_expires_if_audio_does_not():
    assert Retention(audio_days=0).row_days == 0


# Configuration in the templates


def expiry(deployment, bucket):
    """The days after which S3 deletes an object of a bucket, and an old version."""
    rules = deployment.bucket(bucket)["LifecycleConfiguration"]["Rules"]
    whole = [rule for rule in rules if "Prefix" not in rule]
    return (
        next((rule["ExpirationInDays"] for rule in whole if "ExpirationInDays" in rule), None),
        next((rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in whole), None),
    )


def row_days(deployment):
    [days] = {
        function["Environment"]["Variables"]["ROW_DAYS"]
        for function in deployment.all("AWS::Lambda::Function")
        if "ROW_DAYS" in function["Environment"]["Variables"]
    }
    return int(days)


def test_audio_and_transcripts_are_deleted_as_configured_and_rows_after_them(organised):
    assert expiry(organised, "intake") == (90, OLD_VERSION_DAYS)
    assert expiry(organised, "transcripts") == (3650, OLD_VERSION_DAYS)
    assert row_days(organised) == Retention(audio_days=90).row_days


def test_audio_transcripts_and_rows_are_kept_forever_by_default(deployment):
    assert expiry(deployment, "intake") == (None, OLD_VERSION_DAYS)
    assert expiry(deployment, "transcripts") == (None, OLD_VERSION_DAYS)
    assert row_days(deployment) == 0


def locks(deployment):
    buckets = {
        each["BucketName"]: each.properties.get("ObjectLockConfiguration") for each in deployment.all("AWS::S3::Bucket")
    }
    return {str(name).split("-")[1]: lock for name, lock in buckets.items() if lock}


def test_only_recordings_and_transcripts_are_locked_as_configured(organised):
    assert set(locks(organised)) == {"intake", "transcripts"}
    for lock in locks(organised).values():
        assert lock["Rule"]["DefaultRetention"] == {"Days": 30, "Mode": "GOVERNANCE"}


@pytest.mark.parametrize(
    ("account", "region", "refused"),
    [
        (ACCOUNT, "us-east-1", None),
        (None, None, None),
        ("999999999999", "us-east-1", f"key_arn is in the account {ACCOUNT}, but the deployment is in 999999999999"),
        (ACCOUNT, "eu-west-1", "key_arn is in the Region us-east-1, but the deployment is in eu-west-1"),
    ],
)
def test_a_key_of_another_account_or_region_is_refused_at_synth(monkeypatch, tmp_path, account, region, refused):
    """The CDK's command line gives the target account and Region if it knows them."""
    for name, value in (("CDK_DEFAULT_ACCOUNT", account), ("CDK_DEFAULT_REGION", region)):
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    app = empty_app(tmp_path, key_arn=BROUGHT_KEY)
    if refused is None:
        stethoscript(app)
    else:
        with pytest.raises(InvalidConfig, match=refused):
            stethoscript(app)


def leaves(kind, path=""):
    """Every setting by its path, with its default as JSON."""
    for each in fields(kind):
        default = each.default if each.default_factory is MISSING else each.default_factory()
        if is_dataclass(default):
            yield from leaves(type(default), f"{path}{each.name}.")
        else:
            yield f"{path}{each.name}", default


@pytest.mark.parametrize(("name", "default"), list(leaves(Config)), ids=lambda value: str(value)[:30])
def test_the_page_has_every_setting_with_its_default(name, default):
    rows = [
        row.split("|")[1:3]
        for row in PAGE.read_text().partition("## Profiles")[0].splitlines()
        if row.startswith("| `")
    ]
    page_defaults = {choice: shown for names, defaults in rows for choice, shown in paired(names, defaults)}
    plain = {None: "none", MISSING: ""}.get(default, default) if not isinstance(default, tuple) else list(default)
    assert page_defaults[name] == (plain if isinstance(plain, str) else json.dumps(plain))


def paired(names, defaults):
    """The settings of one row, each with its own default."""
    named, shown = (cell.replace("`", "").strip() for cell in (names, defaults))
    return zip(named.split(", "), shown.split(", "), strict=True) if ", " in named else [(named, shown)]


def delivering(deployment):
    [variables] = [
        function["Environment"]["Variables"]
        for function in deployment.all("AWS::Lambda::Function")
        if function["Handler"] == "deliver_transcript.handler"
    ]
    return json.loads(variables["DOCUMENTS"]), variables["LAYOUT"]


def test_documents_have_the_default_formats_and_an_opaque_path_by_default(deployment):
    assert delivering(deployment) == ({"": list(formats.USUAL)}, "opaque")


def test_the_deliver_function_gets_the_configured_formats_and_layout(organised):
    assert delivering(organised) == ({"": ["txt", "masked.txt"], "letters": []}, "mirrored")


def test_with_a_customer_key_no_other_key_is_created(organised):
    assert not organised.all("AWS::KMS::Key")
    assert not organised.all("AWS::KMS::Alias")
    assert {queue["KmsMasterKeyId"] for queue in organised.all("AWS::SQS::Queue")} == {BROUGHT_KEY}
    [encryption] = organised.bucket("intake")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == BROUGHT_KEY
    assert organised.one("AWS::DynamoDB::Table")["SSESpecification"]["KMSMasterKeyId"] == BROUGHT_KEY


def test_every_role_has_the_organisation_s_permissions_boundary(organised):
    roles = organised.all("AWS::IAM::Role")
    assert len(roles) == 4
    assert {role["PermissionsBoundary"] for role in roles} == {f"arn:aws:iam::{ACCOUNT}:policy/team/boundary"}


def test_the_organisation_s_own_bootstrap_is_used(organised):
    for template in organised.templates.values():
        assert template["Parameters"]["BootstrapVersion"]["Default"] == "/cdk-bootstrap/acme/version"
    zips = {function["Code"]["S3Bucket"] for function in organised.all("AWS::Lambda::Function")}
    assert zips == {f"cdk-acme-assets-{ACCOUNT}-us-east-1"}


def test_every_address_is_subscribed_to_its_topic(organised, deployment):
    assert not deployment.all("AWS::SNS::Subscription")
    subscribed = {
        (each["TopicArn"].rpartition(":")[2], each["Protocol"], each["Endpoint"])
        for each in organised.all("AWS::SNS::Subscription")
        if each["Protocol"] == "email"
    }
    assert subscribed == {
        ("clinic-completion", "email", "records@clinic.example"),
        ("clinic-completion", "email", "ward@clinic.example"),
        ("clinic-operations", "email", "it@clinic.example"),
    }


# The program


def run(context, outdir):
    """app.py as the CDK's command line runs it."""
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        cwd=ROOT,
        env={**os.environ, "CDK_CONTEXT_JSON": json.dumps(context), "CDK_OUTDIR": str(outdir)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (chosen(email=[]), "unknown setting email; did you mean emails?"),
        (chosen(profiles={"dictation/": {"max_speaker_labels": 1}}), "max_speaker_labels must be a whole number"),
        ("nowhere.json", "Configuration in nowhere.json: cannot read nowhere.json"),
        ("cdk.json", 'cdk.json must hold only the value of "stethoscript"'),
    ],
    ids=["unknown", "impossible", "no file", "a whole cdk.json"],
)
def test_the_program_exits_with_one_readable_sentence(tmp_path, config, sentence):
    ended = run({"stethoscript": config}, tmp_path)
    assert ended.returncode == 1
    assert sentence in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_program_writes_the_templates_of_these_tests(tmp_path, deployment):
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    ended = run(context, tmp_path)
    assert ended.returncode == 0, ended.stderr
    for stack, template in deployment.templates.items():
        assert json.loads((tmp_path / f"{stack}.template.json").read_text(encoding="utf-8")) == template


def test_the_runtimes_are_those_that_lambda_has_from_the_oldest_that_our_code_runs_on():
    known = boto3.client("lambda", region_name="us-east-1").meta.service_model.shape_for("Runtime").enum
    minors = sorted(int(name.removeprefix("python3.")) for name in known if name.startswith("python3."))
    assert tuple(f"python3.{minor}" for minor in minors if minor >= OLDEST_MINOR) == RUNTIMES


@pytest.mark.proof
def test_the_newest_runtime_is_deployed_whether_or_not_the_cdk_knows_it(tmp_path):
    """In a process of its own, because the CDK remembers every runtime it was given and takes the newest for known."""
    newest = RUNTIMES[-1]
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    context["stethoscript"]["functions"] = {"runtime": newest}
    ended = run(context, tmp_path)
    assert ended.returncode == 0, ended.stderr
    declared = json.loads((tmp_path / "stethoscript-pipeline.template.json").read_text(encoding="utf-8"))["Resources"]
    ours = [each["Properties"]["Runtime"] for each in declared.values() if each["Type"] == "AWS::Lambda::Function"]
    assert set(ours) == {newest}
    (asset,) = {path for path in tmp_path.glob("asset.*") if (path / "start_transcription.py").exists()}
    assert list(asset.rglob(f"*cpython-3{newest[-2:]}-aarch64*.so"))


def test_a_profile_may_lock_its_settings():
    locked = {"content_identification_type": "PHI", "locked": ["content_identification_type"]}
    assert Config.read(chosen(profiles={"a/": locked, "b/": {"locked": True}})).profiles["a/"] == locked
