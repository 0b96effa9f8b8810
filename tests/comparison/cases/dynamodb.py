"""DynamoDB."""

from typing import Any

from tests.comparison.case import ABSENT, ANY, Call, call, case

GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"
KEY = {"recording": {"S": "r"}}
REFUSED, CHANGED, GONE = "ValidationException", "ConditionalCheckFailedException", "ResourceNotFoundException"
ITEM = {**KEY, "state": {"S": "ARRIVED"}, "updated": {"N": "7"}, "audio": {"M": {"hertz": {"N": "16000"}}}}


def stored(**more: Any) -> Call:
    """A row of the ledger."""
    return call("dynamodb.put_item", **{"TableName": "@table", "Item": ITEM, **more})


def updated(expression: str, **more: Any) -> Call:
    """A change of that row."""
    return call("dynamodb.update_item", TableName="@table", Key=KEY, UpdateExpression=expression, **more)


def queried(**more: Any) -> Call:
    """The rows of a state."""
    return call("dynamodb.query", **{
        "TableName": "@table", "IndexName": "by-state", "KeyConditionExpression": "#s = :s",
        "ExpressionAttributeNames": {"#s": "state"}, "ExpressionAttributeValues": {":s": {"S": "ARRIVED"}}, **more,
    })  # fmt: skip


VALUE = {"ExpressionAttributeValues": {":v": {"S": "x"}}}
OTHER = stored(Item={**ITEM, "recording": {"S": "q"}, "updated": {"N": "8"}})

CASES = (
    case("a row is stored if there is none", stored(ConditionExpression="attribute_not_exists(#r)",
         ExpressionAttributeNames={"#r": "recording"}), call("dynamodb.get_item", TableName="@table", Key=KEY,
         ConsistentRead=True), members={"Item": ITEM}),
    case("a row is not stored over another", stored(), stored(ConditionExpression="attribute_not_exists(recording)"),
         status=400, code=CHANGED),
    case("a row is stored if its state is so", stored(), stored(ConditionExpression="#s = :s",
         ExpressionAttributeNames={"#s": "state"}, ExpressionAttributeValues={":s": {"S": "ARRIVED"}})),
    case("a flag is stored and comes back", stored(Item={**ITEM, "cut_off": {"BOOL": True}}),
         call("dynamodb.get_item", TableName="@table", Key=KEY), members={"Item.cut_off": {"BOOL": True}}),
    case("a map is set", stored(), updated("SET refused = :v", ReturnValues="ALL_NEW",
         ExpressionAttributeValues={":v": {"M": {"BUSY": {"N": "5"}}}}),
         members={"Attributes.refused": {"M": {"BUSY": {"N": "5"}}}}),
    case("a missing row", call("dynamodb.get_item", TableName="@table", Key=KEY), members={"Item": ABSENT}),
    case("a missing table", stored(TableName="@name"), status=400, code=GONE),
    case("a key of another type", call("dynamodb.get_item", TableName="@table", Key={"recording": {"N": "1"}}),
         status=400, code=REFUSED,
         moto="It accepts any."),
    case("a row is changed", stored(), updated("SET note = :v REMOVE audio ADD tries :n", ReturnValues="ALL_NEW",
         ExpressionAttributeValues={":v": {"S": "x"}, ":n": {"N": "1"}}),
         members={"Attributes.note": {"S": "x"}, "Attributes.tries": {"N": "1"}, "Attributes.audio": ABSENT}),
    case("a row is changed if its state is so", stored(), updated("SET #s = :v", ConditionExpression="#s = :s",
         ExpressionAttributeNames={"#s": "state"},
         ExpressionAttributeValues={":v": {"S": "x"}, ":s": {"S": "OTHER"}}), status=400, code=CHANGED),
    case("a path is not set and removed at once", stored(), updated("SET note = :v REMOVE note", **VALUE),
         status=400, code=REFUSED, source=f"{GUIDE}/Expressions.UpdateExpressions.html"),
    case("a path is not set twice", stored(), updated("SET note = :v, note = :v", **VALUE),
         status=400, code=REFUSED, source=f"{GUIDE}/Expressions.UpdateExpressions.html"),
    case("a path is not set with what holds it", stored(), updated("SET audio = :v, audio.hertz = :v", **VALUE),
         status=400, code=REFUSED, source=f"{GUIDE}/Expressions.UpdateExpressions.html"),
    case("a reserved word is no name in an update", stored(), updated("SET state = :v", **VALUE),
         status=400, code=REFUSED, source=f"{GUIDE}/ReservedWords.html"),
    case("rows of a state, the newest first", stored(), OTHER, queried(ScanIndexForward=False, Limit=1),
         members={"Items.0.recording": {"S": "q"}, "#Items": 1, "LastEvaluatedKey": ANY}),
    case("rows of a state, the next page", stored(), OTHER, queried(Limit=1),
         queried(ExclusiveStartKey="@2.LastEvaluatedKey"),
         members={"Items.0.recording": {"S": "q"}, "#Items": 1}),
    case("rows of a state since then", stored(), OTHER, queried(KeyConditionExpression="#s = :s AND updated > :u",
         ExpressionAttributeValues={":s": {"S": "ARRIVED"}, ":u": {"N": "7"}}), members={"Count": 1}),
    case("rows of a state after one", stored(), OTHER, queried(ExclusiveStartKey={
         "recording": {"S": "r"}, "state": {"S": "ARRIVED"}, "updated": {"N": "7"}}), members={"Count": 1}),
    case("how many rows of a state", stored(), queried(Select="COUNT"), members={"Count": 1, "Items": ABSENT}),
    case("a missing index", queried(IndexName="none"), status=400, code=REFUSED,
         moto="Its code is another."),
    case("several rows", stored(), call("dynamodb.batch_get_item", RequestItems={"@table": {"Keys": [KEY],
         "ProjectionExpression": "recording, updated"}}),
         members={"#Responses": 1, "UnprocessedKeys": {}}),
    case("a reserved word is no name in a projection of several rows", stored(), call("dynamodb.batch_get_item",
         RequestItems={"@table": {"Keys": [KEY], "ProjectionExpression": "state"}}), status=400, code=REFUSED,
         source=f"{GUIDE}/ReservedWords.html"),
    case("a reserved word is no name in a projection", stored(), call("dynamodb.get_item", TableName="@table", Key=KEY,
         ProjectionExpression="state"), status=400, code=REFUSED, source=f"{GUIDE}/ReservedWords.html"),
    case("a reserved word is no name in a query's projection", stored(), queried(ProjectionExpression="state"),
         status=400, code=REFUSED, source=f"{GUIDE}/ReservedWords.html"),
    case("a scan", stored(), OTHER, call("dynamodb.scan", TableName="@table", ConsistentRead=True,
         FilterExpression="#s = :s AND begins_with(recording, :r)", ExpressionAttributeNames={"#s": "state"},
         ExpressionAttributeValues={":s": {"S": "ARRIVED"}, ":r": {"S": "q"}}),
         members={"Count": 1, "ScannedCount": 2}),
    case("a row is deleted", stored(), call("dynamodb.delete_item", TableName="@table", Key=KEY)),
    case("a table is told", call("dynamodb.describe_table", TableName="@table"),
         members={"Table.TableStatus": "ACTIVE", "Table.KeySchema.0.AttributeName": "recording"}),
    case("a missing table is not told", call("dynamodb.describe_table", TableName="@name"), status=400, code=GONE),
    case("backups of a table", call("dynamodb.describe_continuous_backups", TableName="@table"), members={
        "ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus": "DISABLED"}),
    case("backups of a missing table", call("dynamodb.describe_continuous_backups", TableName="@name"),
         status=400, code="TableNotFoundException"),
    case("expiry of rows", call("dynamodb.describe_time_to_live", TableName="@table"),
         members={"TimeToLiveDescription.TimeToLiveStatus": "DISABLED"}),
)  # fmt: skip
