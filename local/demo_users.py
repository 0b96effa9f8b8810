"""Users of a deployment on the embedded cloud. Each has exactly one of the policies that the stacks define."""

import json
from dataclasses import dataclass
from typing import Any

from local.cloud.cloud_process import Cloud
from local.deployment import Deployment


@dataclass(frozen=True)
class DemoUsers:
    """Clients of an uploader, a reader and a subscriber; none is the account's root."""

    cloud: Cloud
    deployment: Deployment

    def uploader(self) -> Any:
        """An S3 client that is allowed to upload recordings to the intake bucket."""
        return self._client("s3", "Uploader")

    def reader(self) -> Any:
        """An S3 client that is allowed to read the delivered documents."""
        return self._client("s3", "Reader")

    def subscriber(self) -> Any:
        """An SNS client that is allowed to subscribe to the completion topic."""
        return self._client("sns", "Subscriber")

    def _client(self, service: str, role: str) -> Any:
        iam = self.cloud.client("iam")
        name = f"demo-{role.lower()}"
        try:
            iam.create_user(UserName=name)
        except iam.exceptions.EntityAlreadyExistsException:
            for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
                iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.attach_user_policy(UserName=name, PolicyArn=self.deployment[f"{role}PolicyArn"])
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return self.cloud.client(
            service, aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
        )


def queue(sqs: Any, name: str, service: str, source: str) -> str:
    """Create a queue to which a service may send messages from one source; return its URL."""
    url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": source}},
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return url


class Inbox:
    """A subscriber's queue of notifications."""

    def __init__(self, users: DemoUsers, name: str = "demo-subscriber") -> None:
        self._sqs = users.cloud.client("sqs")
        topic = users.deployment["CompletionTopicArn"]
        self._url = queue(self._sqs, name, "sns.amazonaws.com", topic)
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self._sns = users.subscriber()
        self._subscription = self._sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]  # fmt: skip

    def read(self, seconds: int = 1) -> list[dict[str, Any]]:
        """Receive notifications, waiting up to `seconds` for the first."""
        answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=seconds)
        messages = answer.get("Messages", [])
        for message in messages:
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]

    def close(self) -> None:
        """Unsubscribe, and delete the queue."""
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._url)
