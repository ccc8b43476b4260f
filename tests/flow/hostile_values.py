"""What an attacker sends where a value belongs, as JSON text: more than 200 payloads."""

import json

DEPTHS = (2, 16, 63, 64, 65, 100, 250, 500, 900)
_OPERATORS = (
    *("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$not", "$and", "$or", "$nor"),
    *("$exists", "$type", "$regex", "$where", "$expr", "$function", "$text", "$all", "$size"),
    *("$elemMatch", "$mod", "$jsonSchema", "$set", "$unset", "$inc", "$push", "$rename", "$out"),
    *("$merge", "$lookup", "$match", "$group", "$oid", "$date", "$numberLong", "$binary", "$ref"),
)
_OBJECTS = (
    *({name: ""} for name in _OPERATORS),
    {"$gt": "", "$lt": "~"},
    {"$in": ["a", "b"]},
    {"$regex": ".*", "$options": "i"},
    {"$where": "sleep(1000)"},
    {"$expr": {"$function": {"body": "return true", "args": [], "lang": "js"}}},
    {"$not": {"$eq": "a"}},
    {"$or": [{}, {"a": "a"}]},
    {"equals": {"$ne": None}},
    {"startsWith": {"$regex": "."}},
    {"in": [{"$gt": ""}]},
    {"exists": {"$exists": True}},
    {"note": {"$gt": ""}},
    {"note": {"equals": {"$gt": ""}}},
    {"score": {"$inc": 1}},
    {"debt": {"amount": {"$gt": "0"}, "currency": "EUR"}},
    {"amount": {"$gt": "0"}, "currency": {"$ne": "EUR"}},
    {"amount": "1", "currency": "EUR", "$set": {"state": "MERGED"}},
    {"latitude": {"$gt": -90}, "longitude": 0},
    {"latitude": 0, "longitude": 0, "a.b": 1},
    {"a.b": 1},
    {"custom.note": "a"},
    {"identities.0.value": "a"},
    {"_id": "a"},
    {"tenant": "other"},
    {"": 1},
    {".": 1},
    {"$": 1},
    {"a\0b": 1},
    {"__proto__": {"isAdmin": True}},
    {"constructor": {"prototype": {"isAdmin": True}}},
    {"__class__": "a"},
    {"toString": "a"},
    {"length": 5},
    {},
    {"a" * 5_000: 1},
    {f"key{number}": number for number in range(500)},
)
_TEXTS = (
    *("", " ", "\t", "\n", "\r\n", "a\0", "\0", "\x1b[31m", "\x7f", "\ufeff", "\u202e", "\u200d"),
    *("\uffff", "\U0010ffff", "\U0001f4a9", "İ", "ß" * 200, "ﷺ" * 200, "a\u0301" * 200),
    *("$gt", "$where", "$$ROOT", "$[]", "a.b", ".", "..", "$", "__proto__", "constructor"),
    *("_id", "tenant", "custom.note", "name.$[]", "identities.$[seen].value"),
    *(".*", "^", "$", "^.*$", "(a+)+$", "[a-z]+", "a|b", "\\", "\\Q.*\\E", "(?s).", "(?i)ada"),
    *("[", "(", "(?", "*", "a{1,9999}", "(?P<x>a)(?P=x)", "\\u0000", "x" * 200 + "(a*)*b"),
    *("'", '"', "' || '1'=='1", "'; return true; //", "1; db.dropDatabase()", "<script>", "%00"),
    *("../../etc/passwd", "${7*7}", "{{7*7}}", '{"$gt": ""}', "true", "null", "NaN", "Infinity"),
    *(
        "0",
        "-1",
        "1e999",
        "9" * 400,
        "0x10",
        "1_000",
        "٣",
        "\uff11\uff12",
        "2021-02-30",
        "0000-01-01",
    ),
    *("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "a@b", "javascript:alert(1)"),
    *("a" * 50, "a" * 201, "a" * 4_001, "a" * 90_000, "é" * 10_000),
)
_ARRAYS = (
    [],
    [None],
    [[]],
    [{}],
    [{"$gt": ""}],
    ["a", {"$ne": "a"}],
    ["$gt", ""],
    [1, "a", True, None],
    ["a"] * 5_000,
    [[["a"]]],
)
_RAW = (
    *("null", "true", "false", "0", "-0", "-0.0", "0.1", "-1", "5", "101", "1e308", "1e-400"),
    *("1e999", "-1e999", "2147483648", "-2147483649", "9223372036854775808"),
    *("18446744073709551616", "9" * 400, "1" + "0" * 5_000, "NaN", "Infinity"),
    *('"\\ud800"', '"a\\udfffb"', '{"\\ud800": 1}'),
)


def nested(depth: int) -> tuple[str, str, str]:
    """Arrays, objects and operators inside of each other."""
    return (
        "[" * depth + "]" * depth,
        '{"a":' * depth + "1" + "}" * depth,
        '{"$not":' * depth + "1" + "}" * depth,
    )


PAYLOADS = tuple(
    dict.fromkeys(
        (
            *(json.dumps(item) for item in (*_OBJECTS, *_TEXTS, *_ARRAYS)),
            *_RAW,
            *(text for depth in DEPTHS for text in nested(depth)),
        )
    )
)
