import ast
import inspect
from dataclasses import fields
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

import deliver_transcript
import reconcile
import start_transcription
from adapters.clients import client
from adapters.job_slots import SLOT_POLL_SECONDS
from adapters.ledger import Ledger, Sweep
from adapters.settings import read_settings
from deliver_transcript import DeliverSettings
from operations import side_removals
from reconcile import ReconcileSettings
from start_transcription import StartSettings
from stethoscript import profiles
from stethoscript.ledger_row import BY_STATE_INDEX, LedgerRow, State
from tests.stacks.policy_evaluator import Request, allowed, denied
from tests.stacks.resolved_templates import ACCOUNT

READ = {
    "start_transcription.handler": StartSettings,
    "deliver_transcript.handler": DeliverSettings,
    "reconcile.handler": ReconcileSettings,
}
NEW_ACCOUNT = 10
"""Concurrent executions of Lambda in a new account."""
READ_BY_POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "LOG_LEVEL"}


def settings(functions, handler):
    return read_settings(READ[handler], functions[handler]["Environment"]["Variables"])


# The functions' settings


@pytest.mark.parametrize("handler", READ)
def test_a_function_gets_all_the_settings_it_reads(functions, handler):
    settings(functions, handler)


@pytest.mark.parametrize("handler", READ)
def test_a_function_gets_no_setting_it_does_not_read(functions, handler):
    given = functions[handler]["Environment"]["Variables"].keys() - READ_BY_POWERTOOLS
    assert given == {field.name.upper() for field in fields(READ[handler])}


@pytest.mark.parametrize("handler", READ)
def test_a_function_gets_the_names_of_the_deployed_resources(deployment, functions, handler):
    deployed = {
        "deployment": "stethoscript",
        "account": ACCOUNT,
        "intake_bucket": deployment.bucket("intake")["BucketName"],
        "work_bucket": deployment.bucket("work")["BucketName"],
        "transcripts_bucket": deployment.bucket("transcripts")["BucketName"],
        "key_arn": deployment.one("AWS::KMS::Key").arn,
        "ledger_table": deployment.one("AWS::DynamoDB::Table")["TableName"],
        "intake_queue_url": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/stethoscript-intake",
        "completion_queue_url": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/stethoscript-completion",
        "completion_topic_arn": deployment.one("AWS::SNS::Topic", TopicName="stethoscript-completion").arn,
    }
    given = vars(settings(functions, handler))
    assert given.keys() & deployed.keys()
    assert {name: given[name] for name in given.keys() & deployed.keys()} == {
        name: deployed[name] for name in given.keys() & deployed.keys()
    }


def test_the_start_function_reads_the_configured_profiles_and_numbers(functions, organised):
    started = settings(functions, "start_transcription.handler")
    assert {profile.name for profile in profiles.from_json(started.profiles)} == {
        "dictation",
        "conversation",
        "telehealth",
    }
    theirs = {function["Handler"]: function for function in organised.all("AWS::Lambda::Function")}
    assert settings(theirs, "start_transcription.handler").concurrent_jobs == 500


# The ledger


@pytest.fixture
def ledger(deployment):
    """The functions' ledger on the deployed table."""
    nobody = boto3.Session("testing", "testing", region_name="us-east-1")  # the default session belongs to other tests
    table = deployment.one("AWS::DynamoDB::Table")
    members = ("TableName", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    with mock_aws():
        dynamodb = nobody.client("dynamodb")
        dynamodb.create_table(**{member: table[member] for member in members})
        yield Ledger(dynamodb, table["TableName"])


def test_the_ledger_works_on_the_deployed_table(ledger):
    row = LedgerRow("r1", State.CLAIMED, "intake", "dictation/a.wav", "v1", received=1, updated=1, job="r1")
    assert ledger.claim(row)
    assert not ledger.claim(row)
    assert ledger.find("r1") == row
    assert list(ledger.waiting(State.CLAIMED, before=2)) == [row]
    assert ledger.advance(row, State.TRANSCRIBING, now=2)
    assert ledger.in_flight(enough=10) == 1


def test_the_sweep_s_cursor_is_stored_in_the_deployed_table(ledger):
    assert ledger.sweep() == Sweep({}, 0, 0)
    sweep = Sweep({"KeyMarker": "dictation/a.wav", "VersionIdMarker": "v1"}, began=3600, whole=0)
    ledger.note_sweep(sweep)
    assert ledger.sweep() == sweep


def test_functions_that_count_rows_may_query_the_ledger_s_index_and_none_may_scan_it(deployment, functions):
    index = f"{deployment.one('AWS::DynamoDB::Table').arn}/index/{BY_STATE_INDEX}"
    for handler, function in functions.items():
        rights = deployment.rights(function["Role"])
        assert allowed(rights, Request("dynamodb:Query", index)) is (handler != "deliver_transcript.handler")
        assert not allowed(rights, Request("dynamodb:Scan", index))


def test_rows_expire_by_their_expiry_attribute(deployment):
    expiry = deployment.one("AWS::DynamoDB::Table")["TimeToLiveSpecification"]
    assert expiry["Enabled"]
    assert expiry["AttributeName"] in {field.name for field in fields(LedgerRow)}


# Times


def test_the_start_function_has_time_to_wait_for_a_slot_and_then_to_copy_two_gigabytes(functions):
    looks = 10 * 1.5 * SLOT_POLL_SECONDS
    assert functions["start_transcription.handler"]["Timeout"] >= start_transcription.COPY_SECONDS + looks


def clients(module):
    """For each client of a function's module: its service, and its timeouts."""
    source = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    calls = [
        each for each in ast.walk(source) if isinstance(each, ast.Call) and getattr(each.func, "id", "") == "client"
    ]
    for call in calls:
        given = {}
        for each in call.keywords:
            value = eval(ast.unparse(each.value), vars(module))
            given |= {each.arg: value} if each.arg else value
        made = inspect.signature(client).bind(call.args[0].value, **given)
        made.apply_defaults()
        yield made.arguments


@pytest.mark.parametrize("module", [start_transcription, deliver_transcript, reconcile], ids=lambda each: each.__name__)
def test_an_unresponsive_service_leaves_a_function_time_to_answer(functions, module):
    waits = [each["attempts"] * each["seconds"] for each in clients(module)]
    assert len(waits) >= 4
    assert max(waits) < functions[f"{module.__name__}.handler"]["Timeout"]


def test_a_started_message_has_time_for_three_unanswered_calls(functions):
    waits = [each["attempts"] * each["seconds"] for each in clients(deliver_transcript)]
    assert 3 * max(waits) < deliver_transcript.TAKE_SECONDS < functions["deliver_transcript.handler"]["Timeout"]


@pytest.mark.parametrize("module", [start_transcription, deliver_transcript, reconcile], ids=lambda each: each.__name__)
def test_a_call_on_a_closed_connection_is_repeated_except_a_copy(module):
    once = [(each["service"], each["seconds"]) for each in clients(module) if each["attempts"] == 1]
    copies = [("s3", start_transcription.COPY_SECONDS - 10)]
    assert once == (copies if module is start_transcription else [])


def fed(deployment):
    """Each event source mapping with its queue and its function."""
    mappings = deployment.all("AWS::Lambda::EventSourceMapping")
    queues = {queue.arn: queue for queue in deployment.all("AWS::SQS::Queue")}
    functions = {function.arn: function for function in deployment.all("AWS::Lambda::Function")}
    return [(each, queues[each["EventSourceArn"]], functions[each["FunctionName"]]) for each in mappings]


def test_each_queue_feeds_its_function(deployment):
    assert {(queue["QueueName"], function["Handler"]) for _, queue, function in fed(deployment)} == {
        ("stethoscript-intake", "start_transcription.handler"),
        ("stethoscript-completion", "deliver_transcript.handler"),
    }


def test_a_message_stays_hidden_six_times_as_long_as_its_function_may_run(deployment):
    for _, queue, function in fed(deployment):
        assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]


def test_failures_are_reported_for_each_message(deployment):
    for mapping, _, _ in fed(deployment):
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_most_of_a_backlog_stays_in_the_queue(deployment, organised):
    def at_once(deployment):
        return [mapping["ScalingConfig"]["MaximumConcurrency"] for mapping, _, _ in fed(deployment)]

    assert sorted(at_once(deployment)) == [4, 5]
    assert sorted(at_once(organised)) == [3, 7]


def test_all_functions_together_fit_into_the_ten_executions_of_a_new_account(deployment):
    fed_by_queues = sum(mapping["ScalingConfig"]["MaximumConcurrency"] for mapping, _, _ in fed(deployment))
    scheduled = len(deployment.all("AWS::Scheduler::Schedule"))
    assert fed_by_queues + scheduled <= NEW_ACCOUNT


def test_a_function_takes_one_message_at_a_time(deployment):
    """A crash or timeout counts no receive of any other message."""
    assert {mapping["BatchSize"] for mapping, _, _ in fed(deployment)} == {1}


def test_no_function_reserves_concurrency_that_a_new_account_does_not_have(functions):
    assert not [each for each in functions.values() if "ReservedConcurrentExecutions" in each.properties]


def test_functions_may_send_to_the_queue_that_feeds_them(deployment, functions):
    assert {function["RecursiveLoop"] for function in functions.values()} == {"Allow"}
    for _, queue, function in fed(deployment):
        assert allowed(deployment.rights(function["Role"]), Request("sqs:SendMessage", queue.arn))


# Dead letters


@pytest.mark.parametrize("name", ["intake", "completion"])
def test_a_failing_message_goes_to_the_queue_s_own_dead_letter_queue_and_is_kept_longer(deployment, name):
    queue, dead = deployment.queue(name), deployment.queue(f"{name}-dead-letters")
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": dead.arn, "maxReceiveCount": 5}
    assert dead["RedriveAllowPolicy"] == {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
    assert dead["MessageRetentionPeriod"] == side_removals.DEAD_LETTER_DAYS * 24 * 3600
    assert queue["MessageRetentionPeriod"] <= dead["MessageRetentionPeriod"] / 2


# From S3 to the intake queue


def s3_request(deployment, bucket="intake", account=ACCOUNT):
    """The request of S3 when it writes to the queue on behalf of a bucket."""
    return {
        "aws:SourceArn": deployment.bucket(bucket).arn,
        "aws:SourceAccount": account,
        "aws:SecureTransport": "true",
    }


def test_every_kind_of_upload_is_announced_to_the_intake_queue(deployment):
    notifications = deployment.bucket("intake")["NotificationConfiguration"]
    assert notifications == {
        "QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": deployment.queue("intake").arn}]
    }


def test_the_intake_bucket_waits_until_s3_may_write_to_the_queue(deployment):
    [policy] = [
        each for each in deployment.all("AWS::SQS::QueuePolicy") if each["Queues"][0].endswith("/stethoscript-intake")
    ]
    assert policy.id in deployment.bucket("intake").declared["DependsOn"]


def test_s3_may_write_to_the_intake_queue_only_for_the_intake_bucket(deployment):
    queue = deployment.queue("intake")
    policy = deployment.statements("AWS::SQS::QueuePolicy", queue)

    def may(**of):
        return allowed(
            policy, Request("sqs:SendMessage", queue.arn, by="s3.amazonaws.com", context=s3_request(deployment, **of))
        )

    assert may()
    assert not may(bucket="work")
    assert not may(account="999999999999")


def test_s3_may_use_the_key_only_for_the_intake_bucket(deployment):
    key = deployment.one("AWS::KMS::Key")
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        ours = Request(action, key.arn, by="s3.amazonaws.com", context=s3_request(deployment))
        others = Request(action, key.arn, by="s3.amazonaws.com", context=s3_request(deployment, bucket="work"))
        assert allowed(key["KeyPolicy"]["Statement"], ours)
        assert not allowed(key["KeyPolicy"]["Statement"], others)


# From the work bucket's events to the completion queue


def test_the_work_bucket_sends_every_object_s_event_to_eventbridge(deployment):
    notifications = deployment.bucket("work")["NotificationConfiguration"]
    assert notifications == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def test_both_rules_target_the_completion_queue_with_a_dead_letter_queue(deployment):
    rules = deployment.all("AWS::Events::Rule")
    assert len(rules) == 2
    for rule in rules:
        [target] = rule["Targets"]
        assert target["Arn"] == deployment.queue("completion").arn
        assert target.get("DeadLetterConfig") == {"Arn": deployment.queue("completion-dead-letters").arn}
        assert "InputPath" not in target


@pytest.mark.parametrize("queue", ["completion", "completion-dead-letters"])
def test_our_rules_may_write_to_the_completion_queues(deployment, queue):
    queue, key = deployment.queue(queue), deployment.one("AWS::KMS::Key")
    for rule in deployment.all("AWS::Events::Rule"):
        context = {
            "aws:SourceArn": f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{rule['Name']}",
            "aws:SourceAccount": ACCOUNT,
            "aws:SecureTransport": "true",
        }
        send = Request("sqs:SendMessage", queue.arn, by="events.amazonaws.com", context=context)
        assert allowed(deployment.statements("AWS::SQS::QueuePolicy", queue), send)
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            use = Request(action, key.arn, by="events.amazonaws.com", context=context)
            assert allowed(key["KeyPolicy"]["Statement"], use)


def test_another_rule_may_not_write_to_the_completion_queue(deployment):
    queue = deployment.queue("completion")
    context = {
        "aws:SourceArn": f"arn:aws:events:us-east-1:{ACCOUNT}:rule/another",
        "aws:SourceAccount": ACCOUNT,
        "aws:SecureTransport": "true",
    }
    send = Request("sqs:SendMessage", queue.arn, by="events.amazonaws.com", context=context)
    assert not allowed(deployment.statements("AWS::SQS::QueuePolicy", queue), send)


# The schedule


def test_the_schedule_runs_the_reconciler_and_has_the_permission(deployment, functions):
    schedule = deployment.one("AWS::Scheduler::Schedule")
    reconcile = functions["reconcile.handler"]
    assert schedule["ScheduleExpression"] == "rate(5 minutes)"
    assert schedule["Target"]["Arn"] == reconcile.arn
    rights = deployment.rights(schedule["Target"]["RoleArn"])
    assert allowed(rights, Request("lambda:InvokeFunction", reconcile.arn))
    assert "KmsKeyArn" not in schedule.properties
    assert not allowed(rights, Request("kms:Decrypt", deployment.one("AWS::KMS::Key").arn))
    assert not allowed(rights, Request("lambda:InvokeFunction", functions["start_transcription.handler"].arn))


def test_a_run_of_the_reconciler_that_fails_is_not_repeated(deployment, functions):
    once = deployment.one("AWS::Lambda::EventInvokeConfig")
    assert once["FunctionName"] == functions["reconcile.handler"]["FunctionName"]
    assert (once["Qualifier"], once["MaximumRetryAttempts"]) == ("$LATEST", 0)


def test_one_minute_is_written_as_one_minute(organised):
    assert organised.one("AWS::Scheduler::Schedule")["ScheduleExpression"] == "rate(1 minute)"


# Alarms


def test_every_alarm_reaches_the_operations_topic(deployment):
    alarms = deployment.all("AWS::CloudWatch::Alarm")
    topic, key = deployment.one("AWS::SNS::Topic", TopicName="stethoscript-operations"), deployment.one("AWS::KMS::Key")
    policy = deployment.statements("AWS::SNS::TopicPolicy", topic)
    assert len(alarms) >= 10
    for alarm in alarms:
        context = {
            "aws:SourceArn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{alarm['AlarmName']}",
            "aws:SourceAccount": ACCOUNT,
            "aws:SecureTransport": "true",
        }
        by = "cloudwatch.amazonaws.com"
        assert alarm["AlarmActions"] == [topic.arn]
        assert allowed(policy, Request("sns:Publish", topic.arn, by, context))
        assert allowed(key["KeyPolicy"]["Statement"], Request("kms:GenerateDataKey", key.arn, by, context))
        assert denied(policy, Request("sns:Publish", topic.arn, by, context | {"aws:SecureTransport": "false"}))


@pytest.mark.parametrize("name", ["intake", "completion"])
def test_an_alarm_is_raised_at_the_first_dead_letter(deployment, name):
    [dimension] = deployment.one("AWS::CloudWatch::Alarm", AlarmName=f"stethoscript-{name}-dead-letters")["Dimensions"]
    assert dimension["Value"] == f"stethoscript-{name}-dead-letters"


def test_a_signal_that_eventbridge_cannot_send_is_watched(deployment):
    """Its dead letters have the same key and conditions. So an event refused there is lost without a trace."""
    watched = [
        {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
        for alarm in deployment.all("AWS::CloudWatch::Alarm")
        if (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Events", "FailedInvocations")
    ]
    assert watched == [{"RuleName": rule["Name"]} for rule in deployment.all("AWS::Events::Rule")]


def test_the_alarm_for_a_silent_reconciler_waits_longer_than_its_rarest_schedule(deployment):
    alarm = deployment.one("AWS::CloudWatch::Alarm", AlarmName="stethoscript-reconcile-stopped")
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["Period"] >= 2 * 30 * 60


def test_an_unfinished_upload_is_gone_when_a_certificate_says(deployment):
    rules = deployment.bucket("intake").properties["LifecycleConfiguration"]["Rules"]
    days = {rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] for rule in rules
            if "AbortIncompleteMultipartUpload" in rule}  # fmt: skip
    assert days == {side_removals.UPLOAD_DAYS}
