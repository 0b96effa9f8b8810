import json

import pytest

from tests.stacks.policy_evaluator import Request, allowed
from tests.stacks.resolved_templates import ACCOUNT

TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:clinic-completion"


@pytest.fixture(scope="session")
def subscriptions(organised):
    """The subscriptions of the completion topic by protocol; the e-mails together."""
    of = {}
    for each in organised.all("AWS::SNS::Subscription"):
        if each["TopicArn"] == TOPIC:
            of.setdefault(each["Protocol"], []).append(each)
    return of


def test_every_configured_subscriber_is_subscribed(subscriptions):
    assert {protocol: [each["Endpoint"] for each in those] for protocol, those in subscriptions.items()} == {
        "email": ["records@clinic.example", "ward@clinic.example"],
        "sqs": [f"arn:aws:sqs:us-east-1:{ACCOUNT}:archive"],
        "https": ["https://ward.example/news/s3cret"],
        "lambda": [f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:index"],
    }


def test_a_filter_applies_to_the_message_s_attributes(subscriptions):
    [queue] = subscriptions["sqs"]
    assert queue["FilterPolicy"] == {"status": ["FAILED", "REJECTED"], "profile": ["dictation", "none"]}
    assert queue["RawMessageDelivery"] is True
    assert "FilterPolicyScope" not in queue.properties  # attributes are the default
    assert "FilterPolicy" not in subscriptions["lambda"][0].properties


def test_an_https_receiver_is_retried_once_a_minute_for_most_of_sns_s_hour(subscriptions):
    [receiver] = subscriptions["https"]
    retries = receiver["DeliveryPolicy"]["healthyRetryPolicy"]
    assert retries["minDelayTarget"] == retries["maxDelayTarget"] == 60
    assert 3000 < 60 * retries["numRetries"] <= 3600
    assert "RawMessageDelivery" not in receiver.properties  # a raw message has no signature


def test_an_undelivered_notification_goes_to_the_subscriber_s_own_queue(organised, subscriptions):
    every = [each for those in subscriptions.values() for each in those]
    queues = {queue.arn: queue for queue in organised.all("AWS::SQS::Queue")}
    dead = [queues[each["RedrivePolicy"]["deadLetterTargetArn"]] for each in every]
    assert len({queue["QueueName"] for queue in dead}) == len(every)
    for queue in dead:
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
        assert queue["KmsMasterKeyId"]


def test_only_the_completion_topic_may_write_to_that_queue(organised, subscriptions):
    [each] = subscriptions["https"]
    [queue] = [q for q in organised.all("AWS::SQS::Queue") if q.arn == each["RedrivePolicy"]["deadLetterTargetArn"]]
    policy = organised.statements("AWS::SQS::QueuePolicy", queue)

    def may(topic):
        context = {"aws:SourceArn": topic, "aws:SecureTransport": "true"}
        return allowed(policy, Request("sqs:SendMessage", queue.arn, "sns.amazonaws.com", context))

    assert may(TOPIC)
    assert not may(TOPIC.replace("completion", "operations"))
    assert not may(TOPIC.replace(ACCOUNT, "999999999999"))


def test_an_alarm_names_each_subscriber_with_undelivered_notifications(organised, subscriptions):
    alarms = {
        alarm["Dimensions"][0]["Value"]: alarm
        for alarm in organised.all("AWS::CloudWatch::Alarm")
        if "-undelivered-" in alarm["AlarmName"]
    }
    every = [each for those in subscriptions.values() for each in those]
    assert len(alarms) == len(every)
    for each in every:
        alarm = alarms[each["RedrivePolicy"]["deadLetterTargetArn"].rpartition(":")[2]]
        assert alarm["AlarmDescription"].startswith(each["Protocol"])
        assert alarm["Threshold"] == 1


def test_no_alarm_has_the_secret_part_of_an_address(organised):
    said = json.dumps([alarm.properties for alarm in organised.all("AWS::CloudWatch::Alarm")])
    assert "https ward.example could not" in said
    assert "s3cret" not in said


def test_only_configured_subscribers_are_subscribed(deployment):
    assert not deployment.all("AWS::SNS::Subscription")
