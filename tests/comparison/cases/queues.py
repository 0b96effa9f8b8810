"""SQS."""

from typing import Any

from tests.comparison.case import ABSENT, ANY, Call, call, case

GUIDE = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide"
QUEUE = {"QueueUrl": "@queue"}
BAD, GONE = "InvalidParameterValue", "AWS.SimpleQueueService.NonExistentQueue"
HELLO = call("sqs.send_message", MessageBody="hello", **QUEUE)
FAST = {"QueueUrl": "@fast queue"}
NO_NUMBER = "It accepts any number."


def received(**more: Any) -> Call:
    """A receive."""
    return call("sqs.receive_message", **{**QUEUE, **more})


def created(name: str, **attributes: str) -> Call:
    """A new queue."""
    return call("sqs.create_queue", QueueName=name, Attributes=attributes)


CASES = (
    # --- send ---
    case("a message is sent", HELLO,
         members={"MessageId": ANY, "MD5OfMessageBody": "5d41402abc4b2a76b9719d911017c592"}),
    case("the longest delay", call("sqs.send_message", MessageBody="x", DelaySeconds=900, **QUEUE),
         members={"MessageId": ANY}),
    case("a delay above 900 s", call("sqs.send_message", MessageBody="x", DelaySeconds=901, **QUEUE),
         status=400, code=BAD),
    case("a delay below 0", call("sqs.send_message", MessageBody="x", DelaySeconds=-1, **QUEUE),
         status=400, code=BAD, moto=NO_NUMBER),
    case("an empty message", call("sqs.send_message", MessageBody="", **QUEUE), status=400, code="MissingParameter",
         moto="It answers InvalidParameterValue."),
    case("characters that XML has not", call("sqs.send_message", MessageBody="\x01", **QUEUE),
         status=400, code="InvalidMessageContents",
         moto="It accepts any."),
    case("a missing queue", call("sqs.send_message", QueueUrl="https://sqs.us-east-1.amazonaws.com/000000000000/none",
         MessageBody="x"), status=400, code=GONE),
    case("several are sent", call("sqs.send_message_batch", Entries=[{"Id": "1", "MessageBody": "x"}], **QUEUE),
         members={"Successful.0.Id": "1", "#Failed": 0}),
    case("of several, one has a wrong delay", call("sqs.send_message_batch", **QUEUE, Entries=[
        {"Id": "1", "MessageBody": "x"}, {"Id": "2", "MessageBody": "x", "DelaySeconds": 901}]),
        members={"Successful.0.Id": "1", "Failed.0.Id": "2", "Failed.0.Code": BAD}),
    case("an empty batch", call("sqs.send_message_batch", Entries=[], **QUEUE),
         status=400, code="AWS.SimpleQueueService.EmptyBatchRequest"),
    # --- receive ---
    case("a message is received", HELLO, received(MaxNumberOfMessages=10, VisibilityTimeout=5, WaitTimeSeconds=0,
         MessageAttributeNames=["All"],
         AttributeNames=["All"], MessageSystemAttributeNames=["ApproximateReceiveCount"]),
         members={"Messages.0.Body": "hello", "Messages.0.ReceiptHandle": ANY,
                  "Messages.0.Attributes.ApproximateReceiveCount": "1"}),
    case("nothing is there", received(), members={"Messages": ABSENT}),
    case("what was received is invisible", HELLO, received(), received(), members={"Messages": ABSENT}),
    case("a delayed message is not there yet", call("sqs.send_message", MessageBody="x", DelaySeconds=60, **QUEUE),
         received(), members={"Messages": ABSENT}),
    case("more than 10 messages", received(MaxNumberOfMessages=11), status=400, code=BAD),
    case("a wait above 20 s", received(WaitTimeSeconds=21), status=400, code=BAD),
    case("a visibility timeout above 12 h", received(VisibilityTimeout=43_201), status=400, code=BAD),
    # --- delete ---
    case("a message is deleted", HELLO, received(),
         call("sqs.delete_message", ReceiptHandle="@1.Messages.0.ReceiptHandle", **QUEUE)),
    case("a message is deleted twice", HELLO, received(),
         call("sqs.delete_message", ReceiptHandle="@1.Messages.0.ReceiptHandle", **QUEUE),
         call("sqs.delete_message", ReceiptHandle="@1.Messages.0.ReceiptHandle", **QUEUE)),
    case("an outdated receipt handle is taken", call("sqs.send_message", MessageBody="x", **FAST), received(**FAST),
         received(**FAST), call("sqs.delete_message", ReceiptHandle="@1.Messages.0.ReceiptHandle", **FAST)),
    case("what is no receipt handle", call("sqs.delete_message", ReceiptHandle="none", **QUEUE),
         status=400, code="ReceiptHandleIsInvalid"),
    case("several are deleted", HELLO, received(), call("sqs.delete_message_batch", **QUEUE,
         Entries=[{"Id": "1", "ReceiptHandle": "@1.Messages.0.ReceiptHandle"}]),
         members={"Successful.0.Id": "1"}),
    # --- visibility ---
    case("a message becomes visible again", HELLO, received(), call("sqs.change_message_visibility",
         ReceiptHandle="@1.Messages.0.ReceiptHandle", VisibilityTimeout=0, **QUEUE), received(),
         members={"Messages.0.Body": "hello"}),
    case("a change to more than 12 h", HELLO, received(), call("sqs.change_message_visibility",
         ReceiptHandle="@1.Messages.0.ReceiptHandle", VisibilityTimeout=43_201, **QUEUE), status=400, code=BAD),
    case("several become visible again", HELLO, received(), call("sqs.change_message_visibility_batch", **QUEUE,
         Entries=[{"Id": "1", "ReceiptHandle": "@1.Messages.0.ReceiptHandle", "VisibilityTimeout": 0}]),
         members={"Successful.0.Id": "1"}),
    case("of several, one for more than 12 h", HELLO, received(), call("sqs.change_message_visibility_batch", **QUEUE,
         Entries=[{"Id": "1", "ReceiptHandle": "@1.Messages.0.ReceiptHandle", "VisibilityTimeout": 43_201}]),
         members={"Failed.0.Code": BAD}),
    # --- queues ---
    case("a queue is made", created("@name", VisibilityTimeout="7", MessageRetentionPeriod="60",
         ReceiveMessageWaitTimeSeconds="20", SqsManagedSseEnabled="true"), members={"QueueUrl": ANY}),
    case("the same queue again", created("@name"), created("@name"), members={"QueueUrl": "@0.QueueUrl"}),
    case("the same queue with other attributes", created("@name", VisibilityTimeout="7"),
         created("@name", VisibilityTimeout="8"), status=400, code="QueueAlreadyExists"),
    case("a queue's name", created("a b"), status=400, code=BAD),
    case("a queue's name of 81 characters", created("a" * 81), status=400, code=BAD),
    case("an unknown attribute", created("@name", Colour="red"), status=400, code="InvalidAttributeName",
         moto="It ignores what it does not know."),
    case("a visibility timeout above 12 h from the start", created("@name", VisibilityTimeout="43201"),
         status=400, code="InvalidAttributeValue", moto=NO_NUMBER),
    case("a policy that is none", created("@name", Policy="{"), status=400, code="InvalidAttributeValue",
         moto="Its own error, which is no answer."),
    case("attributes are told",
         call("sqs.get_queue_attributes", AttributeNames=["QueueArn", "VisibilityTimeout"], **QUEUE),
         members={"Attributes.VisibilityTimeout": "30", "#Attributes": 2}),
    case("an unknown attribute is not told", call("sqs.get_queue_attributes", AttributeNames=["Colour"], **QUEUE),
         status=400, code="InvalidAttributeName"),
    case("attributes are changed", call("sqs.set_queue_attributes", Attributes={"VisibilityTimeout": "9"}, **QUEUE),
         call("sqs.get_queue_attributes", AttributeNames=["All"], **QUEUE),
         members={"Attributes.VisibilityTimeout": "9"}),
    case("a broken policy is not set", call("sqs.set_queue_attributes", Attributes={"Policy": "no"}, **QUEUE),
         status=400, code="InvalidAttributeValue", moto="Its own error, which is no answer."),
    case("a queue is found", created("@name"), call("sqs.get_queue_url", QueueName="@name"),
         members={"QueueUrl": "@0.QueueUrl"}),
    case("a missing queue is not found", call("sqs.get_queue_url", QueueName="@name"), status=400, code=GONE),
    case("queues are listed by prefix", created("@name"), call("sqs.list_queues", QueueNamePrefix="@name"),
         members={"QueueUrls.0": "@0.QueueUrl", "#QueueUrls": 1}),
    case("a queue is deleted", call("sqs.delete_queue", **QUEUE)),
    case("a name is free a minute after the queue was deleted", created("@name"),
         call("sqs.delete_queue", QueueUrl="@0.QueueUrl"), created("@name"),
         status=400, code="AWS.SimpleQueueService.QueueDeletedRecently",
         local="A deleted queue's name can be used again at once.",
         moto="A deleted queue's name can be used again at once."),
    # --- moves ---
    case("dead letters are moved back by SQS",
         call("sqs.start_message_move_task", SourceArn="@queue arn", DestinationArn="@other queue arn"),
         status=400, code="AWS.SimpleQueueService.UnsupportedOperation",
         source=f"{GUIDE}/sqs-configure-dead-letter-queue-redrive.html",
         local="There are no message move tasks; the operator's tool receives and sends instead.",
         moto="There are no message move tasks."),
    case("moves are listed", call("sqs.list_message_move_tasks", SourceArn="@queue arn"),
         members={"#Results": 0},
         local="There are no message move tasks; the operator's tool receives and sends instead.",
         moto="There are no message move tasks."),
)  # fmt: skip
