"""Misconfigurations to plant in the templates. Each is a possible mistake, and the gates must catch all of them."""

from collections.abc import Callable
from typing import Any

Templates = dict[str, dict[str, Any]]
Plant = Callable[[Templates], None]

GONE = object()
"""In place of a value: remove the member."""


def _resource(templates: Templates, kind: str, name: str) -> dict[str, Any]:
    """The resource of a kind, `S3::Bucket`, with this name and a digest as its logical id."""
    [found] = [
        resource
        for template in templates.values()
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == f"AWS::{kind}" and logical_id.rstrip("0123456789ABCDEF") == name
    ]
    return found


def _set(inside: Any, path: str, value: Any) -> None:
    *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in way:
        inside = inside[step]
    if value is GONE:
        del inside[last]
    else:
        inside[last] = value


def change(kind: str, name: str, path: str, value: Any) -> Plant:
    """Change a property: `change("KMS::Key", "Key", "EnableKeyRotation", False)`."""
    return lambda templates: _set(_resource(templates, kind, name)["Properties"], path, value)


def lose(kind: str, name: str) -> Plant:
    """Delete the resource with its stack."""
    return lambda templates: _resource(templates, kind, name).update(DeletionPolicy="Delete")


def statement(kind: str, name: str, sid: str, **changes: Any) -> Plant:
    """Change a statement of a policy, or remove it if no change is given."""

    def plant(templates: Templates) -> None:
        statements = _statements(templates, kind, name)
        [found] = [each for each in statements if each.get("Sid") == sid or sid in (each["Action"], each["Effect"])][:1]
        for member, value in changes.items():
            _set(found, member, value)
        if not changes:
            statements.remove(found)

    return plant


def grant(kind: str, name: str, **members: Any) -> Plant:
    """Add a statement to a policy."""
    return lambda templates: _statements(templates, kind, name).append({"Effect": "Allow", "Resource": "*", **members})


def _statements(templates: Templates, kind: str, name: str) -> list[dict[str, Any]]:
    properties = _resource(templates, kind, name)["Properties"]
    [document] = [value for member, value in properties.items() if member.endswith(("PolicyDocument", "KeyPolicy"))]
    found: list[dict[str, Any]] = document["Statement"]
    return found


def add(kind: str, **properties: Any) -> Plant:
    """Add a resource beside the functions."""

    def plant(templates: Templates) -> None:
        [pipeline] = [template for stack, template in templates.items() if stack.endswith("-pipeline")]
        pipeline["Resources"]["Planted"] = {"Type": kind, "Properties": properties}

    return plant


_START, _DELIVER = "StartTranscriptionRights", "DeliverTranscriptRights"
_FUNCTION = "StartTranscriptionFunction"
_FOREIGN = {"AWS": "arn:aws:iam::999999999999:root"}
_INTAKE_OBJECTS = "arn:aws:s3:::stethoscript-intake-111122223333-us-east-1/*"
_TRANSCRIPTS_OBJECTS = "arn:aws:s3:::stethoscript-transcripts-111122223333-us-east-1/*"

PLANTED: dict[str, Plant] = {
    # buckets
    "a bucket whose policy may be public": change(
        "S3::Bucket", "Intake", "PublicAccessBlockConfiguration.BlockPublicPolicy", False
    ),
    "a bucket without a block on public access": change(
        "S3::Bucket", "Transcripts", "PublicAccessBlockConfiguration", GONE
    ),
    "a bucket without encryption": change("S3::Bucket", "Transcripts", "BucketEncryption", GONE),
    "a bucket under S3's own key": change(
        "S3::Bucket",
        "Transcripts",
        "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault",
        {"SSEAlgorithm": "AES256"},
    ),
    "a bucket that takes customer-provided keys": change(
        "S3::Bucket", "Intake", "BucketEncryption.ServerSideEncryptionConfiguration.0.BlockedEncryptionTypes", GONE
    ),
    "a bucket that forgets what is overwritten": change("S3::Bucket", "Intake", "VersioningConfiguration", GONE),
    "a bucket whose objects belong to uploaders": change(
        "S3::Bucket", "Intake", "OwnershipControls.Rules.0.ObjectOwnership", "ObjectWriter"
    ),
    "a bucket without an access log": change("S3::Bucket", "Transcripts", "LoggingConfiguration", GONE),
    "access logs that are kept for ever": change("S3::Bucket", "AccessLogs", "LifecycleConfiguration", GONE),
    "working copies that are kept for ever": change("S3::Bucket", "Work", "LifecycleConfiguration", GONE),
    "transcripts deleted with their stack": lose("S3::Bucket", "Transcripts"),
    "a bucket reached without TLS": statement("S3::BucketPolicy", "WorkPolicy", "s3:*"),
    "an intake that takes another key": statement("S3::BucketPolicy", "IntakePolicy", "RefuseOtherKey"),
    "an intake that takes the account's key": statement("S3::BucketPolicy", "IntakePolicy", "RefuseNoKey"),
    "an intake that takes S3's own key": statement("S3::BucketPolicy", "IntakePolicy", "RefuseOtherEncryption"),
    "transcripts encrypted with another key": statement("S3::BucketPolicy", "TranscriptsPolicy", "RefuseOtherKey"),
    "transcripts for everybody": grant(
        "S3::BucketPolicy", "TranscriptsPolicy", Principal="*", Action="s3:GetObject", Resource=_TRANSCRIPTS_OBJECTS
    ),
    "transcripts for a foreign account": grant(
        "S3::BucketPolicy",
        "TranscriptsPolicy",
        Principal=_FOREIGN,
        Action="s3:GetObject",
        Resource=_TRANSCRIPTS_OBJECTS,
    ),
    # queues, topics, rules
    "a queue without encryption": change("SQS::Queue", "IntakeQueue", "KmsMasterKeyId", GONE),
    "a queue without dead letters": change("SQS::Queue", "CompletionQueue", "RedrivePolicy", GONE),
    "dead letters of anybody's": change(
        "SQS::Queue", "IntakeDeadLetters", "RedriveAllowPolicy", {"redrivePermission": "allowAll"}
    ),
    "a message visible while it is worked at": change("SQS::Queue", "IntakeQueue", "VisibilityTimeout", 300),
    "a message hidden longer than SQS can": change("SQS::Queue", "IntakeQueue", "VisibilityTimeout", 50_000),
    "a queue reached without TLS": statement("SQS::QueuePolicy", "IntakeQueuePolicy", "sqs:*"),
    "a queue open to any bucket": statement(
        "SQS::QueuePolicy", "IntakeQueuePolicy", "IntakeBucketNotifies", Condition=GONE
    ),
    "a queue open to any bucket of the account": statement(
        "SQS::QueuePolicy", "IntakeQueuePolicy", "IntakeBucketNotifies", **{"Condition.ArnLike": GONE}
    ),
    "a queue closed to the intake bucket": statement("SQS::QueuePolicy", "IntakeQueuePolicy", "IntakeBucketNotifies"),
    "a queue open to any rule": statement("SQS::QueuePolicy", "CompletionQueuePolicy", "RulesSend", Condition=GONE),
    "a topic without encryption": change("SNS::Topic", "CompletionTopic", "KmsMasterKeyId", GONE),
    "a topic reached without TLS": statement("SNS::TopicPolicy", "CompletionTopicPolicy", "AllowPublishThroughSSLOnly"),
    "a topic anybody subscribes to": grant(
        "SNS::TopicPolicy", "CompletionTopicPolicy", Principal="*", Action="sns:Subscribe"
    ),
    "a subscription in clear": add(
        "AWS::SNS::Subscription", Protocol="http", Endpoint="http://a.example/", TopicArn="arn:aws:sns:us-east-1:1:a"
    ),
    "a rule that loses events": change("Events::Rule", "TranscriptWritten", "Targets.0.DeadLetterConfig", GONE),
    "a signal that fails unseen": change(
        "CloudWatch::Alarm", "TranscriptWrittenFails", "Dimensions", [{"Name": "RuleName", "Value": "another"}]
    ),
    "a write probe that stays": change("S3::Bucket", "Work", "LifecycleConfiguration.Rules.3", GONE),
    "a lock that cannot be given up": change("S3::Bucket", "Intake", "ObjectLockConfiguration", GONE),
    "an alarm that tells nobody": change("CloudWatch::Alarm", "Stuck", "AlarmActions", []),
    # the key
    "a key that is not rotated": change("KMS::Key", "Key", "EnableKeyRotation", False),
    "a key deleted with its stack": lose("KMS::Key", "Key"),
    "a key for everybody": grant("KMS::Key", "Key", Principal={"AWS": "*"}, Action="kms:Decrypt"),
    "a key for a foreign account": grant("KMS::Key", "Key", Principal=_FOREIGN, Action="kms:*"),
    "a key whose use anybody passes on": statement("KMS::Key", "Key", "GrantsForServicesOnly"),
    "a key for S3 on anybody's behalf": statement("KMS::Key", "Key", "IntakeToQueue", Condition=GONE),
    "a key for logs of anybody's": statement("KMS::Key", "Key", "Logs", Condition=GONE),
    # the ledger
    "a ledger under DynamoDB's own key": change("DynamoDB::Table", "Ledger", "SSESpecification", GONE),
    "a ledger that cannot be brought back": change(
        "DynamoDB::Table", "Ledger", "PointInTimeRecoverySpecification", GONE
    ),
    "a ledger deleted by mistake": change("DynamoDB::Table", "Ledger", "DeletionProtectionEnabled", GONE),
    "a ledger deleted with its stack": lose("DynamoDB::Table", "Ledger"),
    # functions
    "a function whose settings are under Lambda's own key": change("Lambda::Function", _FUNCTION, "KmsKeyArn", GONE),
    "a function on an old runtime": change("Lambda::Function", _FUNCTION, "Runtime", "python3.9"),
    "a function that is not traced": change("Lambda::Function", _FUNCTION, "TracingConfig", GONE),
    "a function that is given a secret": change(
        "Lambda::Function", _FUNCTION, "Environment.Variables.AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCY"
    ),
    "a function anybody may call over the web": add(
        "AWS::Lambda::Url", AuthType="NONE", TargetFunctionArn="stethoscript-reconcile"
    ),
    "a function anybody may invoke": add(
        "AWS::Lambda::Permission", Action="lambda:InvokeFunction", FunctionName="stethoscript-reconcile", Principal="*"
    ),
    "a batch that fails as a whole": change(
        "Lambda::EventSourceMapping", "StartTranscriptionMessages", "FunctionResponseTypes", GONE
    ),
    "a mapping that GovCloud refuses": change(
        "Lambda::EventSourceMapping", "StartTranscriptionMessages", "Tags", [{"Key": "application", "Value": "a"}]
    ),
    "a batch that comes back as a whole": change(
        "Lambda::EventSourceMapping", "DeliverTranscriptMessages", "BatchSize", 10
    ),
    "more functions at once than a new account runs": change(
        "Lambda::EventSourceMapping", "DeliverTranscriptMessages", "ScalingConfig.MaximumConcurrency", 50
    ),
    "a run that fails three times": change(
        "Lambda::EventInvokeConfig", "ReconcileInvocations", "MaximumRetryAttempts", 2
    ),
    "a log without encryption": change("Logs::LogGroup", "ReconcileLogs", "KmsKeyId", GONE),
    "a log that is kept for ever": change("Logs::LogGroup", "ReconcileLogs", "RetentionInDays", GONE),
    "a helper function of the CDK's": add("Custom::S3AutoDeleteObjects", ServiceToken="arn:aws:lambda:us-east-1:1:a"),
    # resources that no deployment has
    "a load balancer without a firewall": add(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        Subnets=["subnet-0a1b2c3d", "subnet-1a2b3c4d"],
        LoadBalancerAttributes=[
            {"Key": "access_logs.s3.enabled", "Value": "true"},
            {"Key": "deletion_protection.enabled", "Value": "true"},
            {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"},
        ],
    ),
    # roles and permissions
    "a role that anybody assumes": change(
        "IAM::Role", "ReconcileRole", "AssumeRolePolicyDocument.Statement.0.Principal", {"AWS": "*"}
    ),
    "a role that anybody's schedule assumes": change(
        "IAM::Role", "SchedulerRole", "AssumeRolePolicyDocument.Statement.0.Condition", GONE
    ),
    "a role that any schedule group assumes": change(
        "IAM::Role", "SchedulerRole", "AssumeRolePolicyDocument.Statement.0.Condition.ArnLike", GONE
    ),
    "a role that is an administrator": change(
        "IAM::Role", "ReconcileRole", "ManagedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]
    ),
    "a right to every action of a service": statement("IAM::ManagedPolicy", _DELIVER, "Deliver", Action="s3:*"),
    "a right to every object of every bucket": statement("IAM::ManagedPolicy", _START, "ReadUpload", Resource="*"),
    "a right to all but something": statement(
        "IAM::ManagedPolicy", _START, "Notify", Action=GONE, NotAction="sns:DeleteTopic"
    ),
    "a right to pass any role on": grant("IAM::ManagedPolicy", _START, Action="iam:PassRole"),
    "a right that is misspelled": statement("IAM::ManagedPolicy", _START, "Notify", Action="sns:Publsih"),
    "a job whose output goes anywhere": statement("IAM::ManagedPolicy", _START, "StartJob", Condition=GONE),
    "a job whose output is under any key": statement(
        "IAM::ManagedPolicy",
        _START,
        "StartJob",
        **{"Condition.StringEquals": {"transcribe:OutputBucketName": "stethoscript-work-111122223333-us-east-1"}},
    ),
    "a job tagged as another deployment's": statement("IAM::ManagedPolicy", _START, "TagJob", Condition=GONE),
    "a table that stands in nobody's bill": change("DynamoDB::Table", "Ledger", "Tags", GONE),
    "an event in anybody's name": statement("IAM::ManagedPolicy", _DELIVER, "NotifyBus", Condition=GONE),
    "an event on any bus": statement("IAM::ManagedPolicy", _START, "NotifyBus", Resource="*"),
    "a topic that signs with SHA-1": change("SNS::Topic", "CompletionTopic", "SignatureVersion", "1"),
    "a key for SNS on any topic's behalf": statement("KMS::Key", "Key", "UndeliveredToQueue", Condition=GONE),
    "a delivery that may delete transcripts": grant(
        "IAM::ManagedPolicy", _DELIVER, Action="s3:DeleteObject", Resource=_TRANSCRIPTS_OBJECTS
    ),
    "a reconciler that may read recordings": grant(
        "IAM::ManagedPolicy", "ReconcileRights", Action="s3:GetObject", Resource=_INTAKE_OBJECTS
    ),
    "a reader who may decrypt anything": statement("IAM::ManagedPolicy", "Reader", "KeyThroughS3", Condition=GONE),
    "a reader who may read recordings": grant(
        "IAM::ManagedPolicy", "Reader", Action="s3:GetObject", Resource=_INTAKE_OBJECTS
    ),
    "an operator who may read transcripts": grant(
        "IAM::ManagedPolicy", "Operator", Action="s3:GetObject", Resource=_TRANSCRIPTS_OBJECTS
    ),
    "an uploader who may read recordings": grant(
        "IAM::ManagedPolicy", "Uploader", Action="s3:GetObject", Resource=_INTAKE_OBJECTS
    ),
    "a function that writes another's log": statement(
        "IAM::ManagedPolicy",
        _START,
        "WriteLogs",
        Resource="arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/stethoscript-*:*",
    ),
}
