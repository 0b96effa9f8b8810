import json
from graphlib import TopologicalSorter

import pytest

from stethoscript import jobs, notifications
from stethoscript.profiles import JobSettings
from tests.stacks.policy_evaluator import Request, allowed, denied, texts
from tests.stacks.resolved_templates import ACCOUNT, BROUGHT_KEY

JOB = "stethoscript-bc47d64dcbbfd8d648de2c4f0a44fcbbcd575d4a"
BUCKETS = ["intake", "work", "transcripts", "access-logs"]
SAFE = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}


@pytest.fixture(scope="session")
def key(deployment):
    return deployment.one("AWS::KMS::Key").arn


# Who may act on our behalf


def resource_policies(deployment):
    """Every statement of every resource policy."""
    for kind in ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"):
        for policy in deployment.all(kind):
            yield from policy["PolicyDocument"]["Statement"]
    for each in deployment.all("AWS::KMS::Key"):
        yield from each["KeyPolicy"]["Statement"]


def service(statement):
    """The service that a statement allows an action; None if it allows no service anything."""
    principal = statement["Principal"]
    return principal.get("Service") if statement["Effect"] == "Allow" and isinstance(principal, dict) else None


def test_no_service_acts_on_behalf_of_another_account(deployment):
    trusted = [statement for statement in resource_policies(deployment) if service(statement)]
    assert len(trusted) >= 10
    for statement in trusted:
        ours = {name: value for keys in statement.get("Condition", {}).values() for name, value in keys.items()}
        foreign, another = (
            {name: value.replace(own, other) for name, value in ours.items()}
            for own, other in ((ACCOUNT, "999999999999"), ("stethoscript", "another"))
        )
        asked = [texts(statement[member])[0] for member in ("Action", "Resource")]
        assert [
            allowed([statement], Request(*asked, service(statement), context))
            for context in (ours, foreign, another, {})
        ] == [True, False, False, False]


def test_resource_policies_allow_only_services_and_the_key_s_own_account(deployment):
    allowing = [
        (statement["Principal"], statement.get("Sid"))
        for statement in resource_policies(deployment)
        if statement["Effect"] == "Allow" and not service(statement)
    ]
    assert allowing == [({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Account")]


def test_a_role_is_assumed_only_by_the_service_that_runs_it(deployment):
    trusted = [
        (statement["Action"], statement["Principal"], statement.get("Condition"))
        for role in deployment.all("AWS::IAM::Role")
        for statement in role["AssumeRolePolicyDocument"]["Statement"]
    ]
    group = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/default"
    ours = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": group}}
    functions = ("sts:AssumeRole", {"Service": "lambda.amazonaws.com"}, None)
    schedule = ("sts:AssumeRole", {"Service": "scheduler.amazonaws.com"}, ours)
    assert trusted.count(functions) == 3
    assert trusted.count(schedule) == 1
    assert len(trusted) == 4


def test_only_services_create_grants_on_the_key(deployment, key):
    policy = deployment.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    person = {"kms:GrantIsForAWSResource": "false", "aws:PrincipalIsAWSService": "false"}
    assert denied(policy, Request("kms:CreateGrant", key, context=person))
    assert not denied(policy, Request("kms:CreateGrant", key, context=person | {"kms:GrantIsForAWSResource": "true"}))


# Permissions of functions and users


def test_permissions_are_our_own_managed_policies(deployment):
    assert not deployment.all("AWS::IAM::Policy")
    for role in deployment.all("AWS::IAM::Role"):
        assert not role.properties.keys() & {"Policies", "ManagedPolicyArns"}
        assert deployment.rights(role.arn)


def statements(deployment):
    return [
        (policy.id, statement)
        for policy in deployment.all("AWS::IAM::ManagedPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_only_these_statements_apply_to_every_resource(deployment):
    everything = {
        (policy.rstrip("0123456789ABCDEF"), statement.get("Sid"))
        for policy, statement in statements(deployment)
        if "*" in texts(statement["Resource"])
    }
    assert everything == {
        ("StartTranscriptionRights", "StartJob"),  # the action takes no ARN, so its conditions limit it
        ("StartTranscriptionRights", "TagJob"),  # nor does this one; the tag itself limits it
        ("StartTranscriptionRights", "Trace"),  # X-Ray's actions take no ARN
        ("DeliverTranscriptRights", "Trace"),
        ("Operator", "Account"),  # actions that take no ARN, or list what the account has
        ("Tester", "Account"),
    }


def test_no_permission_uses_a_wildcard_action_or_an_exclusion(deployment):
    for _, statement in statements(deployment):
        assert not statement.keys() & {"NotAction", "NotResource"}
        assert not [action for action in texts(statement["Action"]) if "*" in action]


@pytest.mark.parametrize(
    "action",
    [
        "transcribe:DeleteMedicalTranscriptionJob",
        "s3:DeleteObjectVersion",
        "s3:PutBucketPolicy",
        "iam:PassRole",
        "kms:ScheduleKeyDeletion",
        "logs:CreateLogGroup",
        "dynamodb:DeleteItem",
        "sns:Subscribe",
        "lambda:UpdateFunctionCode",
    ],
)
def test_no_function_may(functions, deployment, action):
    for function in functions.values():
        given = {each for right in deployment.rights(function["Role"]) for each in texts(right["Action"])}
        assert action not in given


def may_start(deployment, **changed):
    """Whether the start function may start its usual job, or one that differs in a member."""
    places = jobs.JobLocations(deployment.bucket("work")["BucketName"], deployment.one("AWS::KMS::Key").arn)
    asked = {**jobs.request(JOB, "wav", JobSettings(), places, {}), **changed}
    context = {
        f"transcribe:{member}": asked[member]
        for member in ("OutputBucketName", "OutputKey", "OutputEncryptionKMSKeyId")
        if asked[member] is not None
    }
    [function] = [each for each in deployment.all("AWS::Lambda::Function") if "start" in each["Handler"]]
    request = Request("transcribe:StartMedicalTranscriptionJob", "*", context=context)
    return allowed(deployment.rights(function["Role"]), request)


def test_the_start_function_may_start_the_job_it_asks_for(deployment):
    assert may_start(deployment)


@pytest.mark.parametrize(
    "changed",
    [
        {"OutputBucketName": None},
        {"OutputBucketName": "stethoscript-intake-111122223333-us-east-1"},
        {"OutputKey": None},
        {"OutputKey": "staging/stethoscript-0a1b.json"},
        {"OutputKey": "raw/another-0a1b.json"},
        {"OutputEncryptionKMSKeyId": None},
        {"OutputEncryptionKMSKeyId": "arn:aws:kms:us-east-1:111122223333:key/another"},
    ],
    ids=str,
)
def test_the_start_function_may_start_no_job_that_writes_elsewhere_or_with_another_key(deployment, changed):
    assert not may_start(deployment, **changed)


def test_only_the_start_function_starts_jobs(deployment, functions):
    for handler in ("deliver_transcript.handler", "reconcile.handler"):
        given = json.dumps(deployment.rights(functions[handler]["Role"]))
        assert "transcribe:StartMedicalTranscriptionJob" not in given


S3_RIGHTS = {
    ("start_transcription.handler", "s3:GetObjectVersion", "intake", "dictation/a.wav", True),
    ("start_transcription.handler", "s3:PutObject", "work", f"staging/{JOB}.wav", True),
    ("start_transcription.handler", "s3:PutObject", "work", f"raw/{JOB}.json", True),
    ("start_transcription.handler", "s3:PutObject", "work", "raw/.write_access_check_file.temp", True),
    ("start_transcription.handler", "s3:PutObject", "work", ".write_access_check_file.temp", True),
    ("start_transcription.handler", "s3:PutObject", "intake", "dictation/a.wav", False),
    ("start_transcription.handler", "s3:GetObject", "work", f"raw/{JOB}.json", False),
    ("start_transcription.handler", "s3:GetObject", "transcripts", "a", False),
    ("deliver_transcript.handler", "s3:GetObject", "work", f"raw/{JOB}.json", True),
    ("deliver_transcript.handler", "s3:PutObject", "transcripts", f"2026-01-01/{JOB}/manifest.json", True),
    ("deliver_transcript.handler", "s3:DeleteObject", "work", f"staging/{JOB}.wav", True),
    ("deliver_transcript.handler", "s3:DeleteObject", "work", f"raw/{JOB}.json", True),
    ("deliver_transcript.handler", "s3:DeleteObject", "transcripts", "a", False),
    ("deliver_transcript.handler", "s3:GetObject", "intake", "dictation/a.wav", False),
    ("reconcile.handler", "s3:GetObject", "intake", "dictation/a.wav", False),
    ("reconcile.handler", "s3:PutObject", "work", f"staging/{JOB}.wav", False),
}


@pytest.mark.parametrize("right", sorted(S3_RIGHTS), ids=str)
def test_a_function_reads_and_writes_only_its_own_resources(deployment, functions, right):
    handler, action, bucket, path, may = right
    request = Request(action, f"{deployment.bucket(bucket).arn}/{path}")
    assert allowed(deployment.rights(functions[handler]["Role"]), request) is may


TOLD_BY = {
    "start_transcription.handler": {"Recording Rejected"},
    "deliver_transcript.handler": {"Recording Delivered", "Recording Failed"},
}


@pytest.mark.parametrize("handler", TOLD_BY)
def test_a_notifying_function_may_put_only_its_own_events_on_only_the_account_s_bus(deployment, functions, handler):
    rights = deployment.rights(functions[handler]["Role"])
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"

    def may(where=bus, **context):
        return allowed(rights, Request("events:PutEvents", where, context=context))

    def said(kind, source=notifications.SOURCE):
        return {"events:source": source, "events:detail-type": kind}

    kinds = {*set().union(*TOLD_BY.values()), "Recording Erased"}
    assert {kind for kind in kinds if may(**said(kind))} == TOLD_BY[handler]
    own = min(TOLD_BY[handler])
    assert not may(**said(own, "aws.health"))
    assert not may(**{"events:source": notifications.SOURCE})
    assert not may(**{"events:detail-type": own})
    assert not may()
    assert not may(bus.replace("default", "another"), **said(own))


def test_the_reconciler_may_not_notify(deployment, functions):
    rights = json.dumps(deployment.rights(functions["reconcile.handler"]["Role"]))
    assert "sns:Publish" not in rights
    assert "events:PutEvents" not in rights


_OTHER_BUCKETS = {(duty, "s3:GetObject", bucket, "/a", False) for duty in ("operator", "eraser") for bucket in
                  ("intake", "work", "transcripts")}  # fmt: skip
PEOPLE_S_RIGHTS = _OTHER_BUCKETS | {
    ("operator", "s3:GetObjectVersion", "intake", "/dictation/a.wav", False),
    ("operator", "s3:DeleteObjectVersion", "intake", "/dictation/a.wav", False),
    ("operator", "s3:ListBucketVersions", "intake", "", True),
    ("eraser", "s3:DeleteObjectVersion", "intake", "/dictation/a.wav", True),
    ("eraser", "s3:PutObject", "intake", "/dictation/a.wav", False),
    ("tester", "s3:PutObject", "intake", "/dictation/Stethoscript smoke test 1 + speech.wav", True),
    ("tester", "s3:PutObject", "intake", "/dictation/a.wav", False),
    ("tester", "s3:DeleteObjectVersion", "intake", "/dictation/a.wav", False),
    ("reader", "s3:GetObjectVersion", "intake", "/dictation/a.wav", False),
    ("uploader", "s3:PutObject", "intake", "/dictation/a.wav", True),
    ("uploader", "s3:PutObject", "intake", "/elsewhere/a.wav", False),
    ("uploader", "s3:GetObject", "intake", "/dictation/a.wav", False),
    ("uploader", "s3:GetObject", "transcripts", "/a.json", False),
    ("reader", "s3:GetObject", "transcripts", "/a.json", True),
    ("reader", "s3:GetObject", "transcripts", "/dictation/Jane Doe.wav/job/transcript.txt", True),
    ("reader", "s3:ListBucket", "transcripts", "", True),
    ("reader", "s3:PutObject", "transcripts", "/a.json", False),
    ("reader", "s3:DeleteObject", "transcripts", "/a.json", False),
    ("reader", "s3:GetObject", "intake", "/dictation/a.wav", False),
    ("reader", "s3:GetObject", "work", "/raw/a.json", False),
    ("subscriber", "s3:GetObject", "transcripts", "/a.json", False),
}


@pytest.mark.parametrize("right", sorted(PEOPLE_S_RIGHTS), ids=str)
def test_users_may_do_only_what_their_policy_is_named_after(deployment, right):
    duty, action, bucket, path, may = right
    policy = deployment.one("AWS::IAM::ManagedPolicy", ManagedPolicyName=f"stethoscript-{duty}-us-east-1")
    request = Request(action, f"{deployment.bucket(bucket).arn}{path}")
    assert allowed(policy["PolicyDocument"]["Statement"], request) is may


@pytest.mark.parametrize(
    ("duty", "own", "foreign"), [("uploader", "intake", "transcripts"), ("reader", "transcripts", "intake")]
)
def test_users_may_use_the_key_only_through_s3_for_their_own_bucket(deployment, key, duty, own, foreign):
    policy = deployment.one("AWS::IAM::ManagedPolicy", ManagedPolicyName=f"stethoscript-{duty}-us-east-1")

    def may(via, context):
        given = {"kms:ViaService": f"{via}.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": context}
        return allowed(policy["PolicyDocument"]["Statement"], Request("kms:Decrypt", key, context=given))

    assert may("s3", deployment.bucket(own).arn)
    assert may("s3", f"{deployment.bucket(own).arn}/dictation/a.wav")  # written without a bucket key
    assert not may("sqs", deployment.bucket(own).arn)
    assert not may("s3", deployment.bucket(foreign).arn)


@pytest.mark.parametrize("duty", ["operator", "eraser", "tester"])
def test_who_operates_uses_the_key_through_services_alone(deployment, key, duty):
    policy = deployment.one("AWS::IAM::ManagedPolicy", ManagedPolicyName=f"stethoscript-{duty}-us-east-1")

    def may(**given):
        return allowed(policy["PolicyDocument"]["Statement"], Request("kms:Decrypt", key, context=given))

    assert may(**{"kms:ViaService": "dynamodb.us-east-1.amazonaws.com"})
    assert may(**{"kms:ViaService": "sqs.us-east-1.amazonaws.com"})
    assert not may(**{"kms:ViaService": "dynamodb.eu-west-1.amazonaws.com"})
    assert not may()


@pytest.mark.parametrize("hears", [False, True])
def test_readers_hear_recordings_where_that_is_chosen(deployment, organised, key, hears):
    chosen = organised if hears else deployment
    name = "clinic" if hears else "stethoscript"
    policy = chosen.one("AWS::IAM::ManagedPolicy", ManagedPolicyName=f"{name}-reader-us-east-1")
    intake, held = chosen.bucket("intake").arn, policy["PolicyDocument"]["Statement"]
    through = {"kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": intake}
    assert allowed(held, Request("s3:GetObjectVersion", f"{intake}/dictation/a.wav")) is hears
    assert allowed(held, Request("kms:Decrypt", BROUGHT_KEY if hears else key, context=through)) is hears
    assert not allowed(held, Request("s3:PutObject", f"{intake}/dictation/a.wav"))


def test_only_configured_readers_read_transcripts_if_any_are_configured(organised, deployment):
    def refused(deployment, who):
        bucket = deployment.bucket("transcripts")
        read = Request("s3:GetObject", f"{bucket.arn}/a.json", context={**SAFE, "aws:PrincipalArn": who})
        return denied(deployment.statements("AWS::S3::BucketPolicy", bucket), read)

    anybody = f"arn:aws:iam::{ACCOUNT}:role/anybody"
    assert not refused(organised, f"arn:aws:iam::{ACCOUNT}:role/ward/reader-3")
    assert refused(organised, anybody)
    assert refused(organised, f"arn:aws:iam::{ACCOUNT}:root")
    assert not refused(deployment, anybody)


# Stored data


@pytest.mark.parametrize("name", ["intake", "work", "transcripts"])
def test_a_bucket_is_encrypted_with_our_key(deployment, key, name):
    [rule] = deployment.bucket(name)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert rule["BucketKeyEnabled"]


@pytest.mark.parametrize("name", BUCKETS)
def test_no_object_may_be_encrypted_with_a_customer_provided_key(deployment, name):
    [rule] = deployment.bucket(name)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule.get("BlockedEncryptionTypes") == {"EncryptionType": ["SSE-C"]}


def test_access_logs_are_encrypted_by_s3_and_expire_soon(deployment):
    bucket = deployment.bucket("access-logs")
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert bucket["LifecycleConfiguration"]["Rules"] == [{"ExpirationInDays": 90, "Status": "Enabled"}]


@pytest.mark.parametrize("name", ["intake", "transcripts"])
def test_a_configured_lock_can_be_removed(deployment, name):
    """S3 never switches Object Lock off. Without a lock it has no default retention."""
    bucket = deployment.bucket(name)
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["ObjectLockConfiguration"] == {"ObjectLockEnabled": "Enabled"}


def test_working_copies_expire(deployment):
    rules = deployment.bucket("work")["LifecycleConfiguration"]["Rules"]
    assert {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule} == {
        "staging/": 7,
        "raw/": 30,
        ".write_access_check_file.temp": 1,
    }
    assert all(rule["Status"] == "Enabled" for rule in rules)


@pytest.mark.parametrize("name", ["intake", "work", "transcripts"])
def test_every_access_to_data_is_logged(deployment, name):
    logs = deployment.bucket("access-logs")
    assert deployment.bucket(name)["LoggingConfiguration"] == {
        "DestinationBucketName": logs["BucketName"],
        "LogFilePrefix": f"{name}/",
    }
    writes = Request(
        "s3:PutObject",
        f"{logs.arn}/{name}/2026-01-01",
        "logging.s3.amazonaws.com",
        {**SAFE, "aws:SourceArn": deployment.bucket(name).arn, "aws:SourceAccount": ACCOUNT},
    )
    assert allowed(deployment.statements("AWS::S3::BucketPolicy", logs), writes)


@pytest.mark.parametrize("name", BUCKETS)
def test_no_bucket_can_become_public(deployment, name):
    assert deployment.bucket(name)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert deployment.bucket(name)["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


@pytest.mark.parametrize("name", BUCKETS)
@pytest.mark.parametrize("unsafe", [{"aws:SecureTransport": "false"}, {"s3:TlsVersion": "1.1"}], ids=str)
def test_buckets_require_modern_transport_encryption(deployment, name, unsafe):
    bucket = deployment.bucket(name)
    policy = deployment.statements("AWS::S3::BucketPolicy", bucket)
    assert denied(policy, Request("s3:GetObject", f"{bucket.arn}/a", context=SAFE | unsafe))
    assert denied(policy, Request("s3:ListBucket", bucket.arn, context=SAFE | unsafe))
    assert not denied(policy, Request("s3:GetObject", f"{bucket.arn}/a", context=SAFE))


def test_queues_and_topics_require_encrypted_connections(deployment):
    queues = [(queue, "AWS::SQS::QueuePolicy", "sqs:SendMessage") for queue in deployment.all("AWS::SQS::Queue")]
    topics = [(topic, "AWS::SNS::TopicPolicy", "sns:Publish") for topic in deployment.all("AWS::SNS::Topic")]
    assert len(queues + topics) == 6
    for target, kind, action in queues + topics:
        policy = deployment.statements(kind, target)
        assert denied(policy, Request(action, target.arn, context={"aws:SecureTransport": "false"}))
        assert not denied(policy, Request(action, target.arn, context={"aws:SecureTransport": "true"}))


def test_topics_sign_with_sha_256(deployment):
    assert {topic["SignatureVersion"] for topic in deployment.all("AWS::SNS::Topic")} == {"2"}


def test_sns_may_use_the_key_only_for_the_completion_topic(deployment):
    key = deployment.one("AWS::KMS::Key")
    topic = deployment.one("AWS::SNS::Topic", TopicName="stethoscript-completion").arn
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        ours = Request(action, key.arn, "sns.amazonaws.com", {"aws:SourceArn": topic})
        others = Request(action, key.arn, "sns.amazonaws.com", {"aws:SourceArn": f"{topic}2"})
        assert allowed(key["KeyPolicy"]["Statement"], ours)
        assert not allowed(key["KeyPolicy"]["Statement"], others)


def test_uploads_and_documents_are_versioned_and_working_copies_are_not(deployment):
    versioned = {
        name: deployment.bucket(name).properties.get("VersioningConfiguration", {}).get("Status") for name in BUCKETS
    }
    assert versioned == {"intake": "Enabled", "transcripts": "Enabled", "work": None, "access-logs": None}


UPLOAD = "s3:x-amz-server-side-encryption"
UPLOADS = {
    "no encryption asked for": ({}, True),
    "our key": ({UPLOAD: "aws:kms", f"{UPLOAD}-aws-kms-key-id": "ours"}, True),
    "S3's own encryption": ({UPLOAD: "AES256"}, False),
    "KMS without a key, which means the account's": ({UPLOAD: "aws:kms"}, False),
    "another key": ({UPLOAD: "aws:kms", f"{UPLOAD}-aws-kms-key-id": "arn:aws:kms:us-east-1:1:key/x"}, False),
    "double encryption with our key": ({UPLOAD: "aws:kms:dsse", f"{UPLOAD}-aws-kms-key-id": "ours"}, False),
}


@pytest.mark.parametrize("name", ["intake", "transcripts"])
@pytest.mark.parametrize("how", UPLOADS)
def test_an_object_is_encrypted_with_our_key_or_refused(deployment, key, name, how):
    asked, taken = UPLOADS[how]
    context = SAFE | {name: key if value == "ours" else value for name, value in asked.items()}
    bucket = deployment.bucket(name)
    upload = Request("s3:PutObject", f"{bucket.arn}/dictation/a.wav", context=context)
    assert denied(deployment.statements("AWS::S3::BucketPolicy", bucket), upload) is not taken


KEPT = [
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::KMS::Key",
    "AWS::DynamoDB::Table",
    "AWS::SQS::Queue",
    "AWS::Logs::LogGroup",
]


@pytest.mark.parametrize("kind", KEPT)
def test_data_resources_outlive_their_stack_except_after_a_failed_first_creation(deployment, kind):
    kept = deployment.all(kind)
    assert kept
    for resource in kept:
        assert resource.declared["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resource.declared["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("chosen", ["deployment", "organised"])
def test_the_protected_ledger_is_created_last_so_that_a_failed_first_creation_can_roll_back(chosen, request):
    templates = request.getfixturevalue(chosen).templates
    (resources,) = (templates[stack]["Resources"] for stack in templates if stack.endswith("-storage"))
    waits_for = {name: {*references(declared)} & {*resources} for name, declared in resources.items()}
    *others, last = TopologicalSorter(waits_for).static_order()
    assert resources[last]["Type"] == "AWS::DynamoDB::Table"
    assert waits_for[last] == {*others}


def references(declared):
    """The dependencies of a template's resource, explicit or by reference."""
    match declared:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]}:
            yield name
        case dict():
            yield from declared.get("DependsOn", ())
            yield from (name for inner in declared.values() for name in references(inner))
        case list():
            yield from (name for inner in declared for name in references(inner))


def test_queues_topics_and_functions_settings_are_encrypted_with_our_key(deployment, key):
    assert {queue["KmsMasterKeyId"] for queue in deployment.all("AWS::SQS::Queue")} == {key}
    assert {topic["KmsMasterKeyId"] for topic in deployment.all("AWS::SNS::Topic")} == {key}
    assert {function["KmsKeyArn"] for function in deployment.all("AWS::Lambda::Function")} == {key}


def test_the_ledger_is_encrypted_with_our_key_backed_up_and_not_deleted_by_mistake(deployment, key):
    table = deployment.one("AWS::DynamoDB::Table")
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"]


def test_the_key_is_rotated(deployment):
    assert deployment.one("AWS::KMS::Key")["EnableKeyRotation"]


def test_logs_are_encrypted_and_kept_as_long_as_chosen(deployment, organised, key):
    groups = deployment.all("AWS::Logs::LogGroup")
    assert {(group["KmsKeyId"], group["RetentionInDays"]) for group in groups} == {(key, 365)}
    assert {group["RetentionInDays"] for group in organised.all("AWS::Logs::LogGroup")} == {731}


def test_cloudwatch_logs_may_use_the_key_only_for_our_log_groups(deployment, functions, key):
    policy = deployment.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]

    def may(group):
        context = {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}"}
        return allowed(policy, Request("kms:GenerateDataKey", key, "logs.us-east-1.amazonaws.com", context))

    groups = {group["LogGroupName"] for group in deployment.all("AWS::Logs::LogGroup")}
    assert {function["LoggingConfig"]["LogGroup"] for function in functions.values()} == groups
    assert all(may(group) for group in groups)
    assert not may("/aws/lambda/another")


def test_every_function_may_write_only_its_own_log(deployment, functions):
    for function in functions.values():
        rights = deployment.rights(function["Role"])
        for group in deployment.all("AWS::Logs::LogGroup"):
            write = Request("logs:PutLogEvents", f"{group.arn.removesuffix('*')}log-stream:a")
            own = group["LogGroupName"] == f"/aws/lambda/{function['FunctionName']}"
            assert allowed(rights, write) is own
