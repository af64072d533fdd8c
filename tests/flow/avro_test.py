# ctest: kafka
"""FORMAT AVRO: what fastavro writes is what arrives, with a schema given or from a registry."""

import datetime
import decimal
import io
import json
import random
import uuid

import pytest

from lib import streams
from lib.registry import Registry

fastavro = pytest.importorskip("fastavro")


@pytest.fixture
def shop(session):
    session.execute("CREATE DATABASE shop; USE shop")
    return session


def encoded(schema, value):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


def with_id(number, datum):
    return b"\0" + number.to_bytes(4, "big") + datum


def record(fields, name="row"):
    return {"type": "record", "name": name, "fields": [
        {"name": key, "type": type_} for key, type_ in fields]}


def ingest(session, broker, topic, clauses, name="feed", config=None):
    config = f"CONFIG '{json.dumps(config)}'" if config else ""
    session.execute(f"CREATE PIPELINE {name} AS {streams.load_data(broker, topic)} {config} "
                    f"{clauses}; START PIPELINE {name}")


LOGICAL = record([
    ("id", "long"), ("day", {"type": "int", "logicalType": "date"}),
    ("ms", {"type": "long", "logicalType": "timestamp-millis"}),
    ("us", {"type": "long", "logicalType": "timestamp-micros"}),
    ("clock", {"type": "long", "logicalType": "time-micros"}),
    ("price", {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 4}),
    ("small", {"type": "fixed", "name": "small", "size": 4, "logicalType": "decimal",
               "precision": 9, "scale": 2}),
    ("key", {"type": "string", "logicalType": "uuid"}),
    ("maybe", ["null", "double"]), ("tags", {"type": "array", "items": "string"})])


def test_logical_types_arrive_as_fastavro_wrote_them(shop, broker):
    topic = broker.create_topic("avro")
    utc = datetime.timezone.utc
    rows = []
    random_ = random.Random(5)
    for number in range(200):
        moment = datetime.datetime(1900 + number, 2, 28, 23, 59, 59, 123000, utc)
        rows.append({
            "id": number, "day": moment.date(), "ms": moment,
            "us": moment.replace(microsecond=random_.randrange(10**6)),
            "clock": datetime.time(number % 24, 30, 1, random_.randrange(10**6)),
            "price": decimal.Decimal(random_.randrange(-10**37, 10**37)).scaleb(-4),
            "small": decimal.Decimal(random_.randrange(-10**8, 10**8)).scaleb(-2),
            "key": uuid.UUID(int=random_.getrandbits(128)),
            "maybe": None if number % 3 == 0 else random_.random(),
            "tags": [f"t{i}\u00e4" for i in range(number % 4)]})
    broker.produce_all(topic, [(0, encoded(LOGICAL, row)) for row in rows])
    shop.execute("CREATE TABLE t (id BIGINT, day DATE, ms DATETIME(6), us DATETIME(6), clock TIME,"
                 " price DECIMAL(38,4), small DECIMAL(9,2), `key` VARCHAR, maybe DOUBLE,"
                 " tags VARCHAR[], raw BIGINT)")
    paths = ", ".join(f"`{name}` <- `{name}`" for name in rows[0]) + ", raw <- ms"
    ingest(shop, broker, topic,
           f"INTO TABLE t FORMAT AVRO ({paths}) SCHEMA '{json.dumps(LOGICAL)}'")
    streams.wait_for_messages(shop, "feed", len(rows))
    assert streams.rejects_of(shop, "feed") == {}
    got = shop.rows("SELECT id, day, ms, us, CAST(clock AS VARCHAR), CAST(price AS VARCHAR), "
                    "CAST(small AS VARCHAR), `key`, maybe, CAST(tags AS VARCHAR), raw "
                    "FROM t ORDER BY id")
    assert len(got) == len(rows)
    epoch = datetime.datetime(1970, 1, 1, tzinfo=utc)
    for row, values in zip(rows, got):
        clock = row["clock"].isoformat("microseconds" if row["clock"].microsecond else "seconds")
        assert values[:4] == (row["id"], row["day"], row["ms"].replace(tzinfo=None),
                              row["us"].replace(tzinfo=None))
        assert decimal.Decimal(values[5]) == row["price"]
        assert decimal.Decimal(values[6]) == row["small"]
        assert values[7] == str(row["key"]) and values[8] == row["maybe"]
        assert values[9] == "[" + ", ".join(row["tags"]) + "]"
        assert values[10] == (row["ms"] - epoch) // datetime.timedelta(milliseconds=1)
        assert datetime.time.fromisoformat(values[4]) == datetime.time.fromisoformat(clock)


def test_a_registry_and_schemas_that_evolve(shop, broker):
    old = record([("id", "int"), ("name", "string")])
    new = record([("id", "long"), ("name", ["null", "string"]), ("at", "place")])
    place = {"type": "record", "name": "place",
             "fields": [{"name": "city", "type": "string"}]}
    reader = {"type": "record", "name": "row", "fields": [
        {"name": "id", "type": "long"},
        {"name": "who", "aliases": ["name"], "type": ["null", "string"]},
        {"name": "at", "type": place, "default": {"city": "nowhere"}}]}
    whole_new = json.loads(json.dumps(new))
    whole_new["fields"][2]["type"] = place
    topic = broker.create_topic("avro")
    with Registry(user="me:secret") as registry:
        registry.register(1, old)
        registry.register(2, new, references=[("place", "places", 3)])
        registry.register_subject("places", 3, place)
        broker.produce_all(topic, [
            (0, with_id(1, encoded(old, {"id": 1, "name": "ann"}))),
            (0, with_id(2, encoded(whole_new, {"id": 2**40, "name": None,
                                               "at": {"city": "Ulm"}}))),
            (0, with_id(9, b"\x02")), (0, b"\x02"),
            (0, with_id(1, encoded(old, {"id": 3, "name": "bo"})))])
        shop.execute("CREATE TABLE t (id BIGINT, who VARCHAR, city VARCHAR)")
        shop.execute(
            f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} CONFIG "
            f"'{{\"schema.registry.url\": \"{registry.url}\", \"schema.registry.username\": "
            "\"me\"}' CREDENTIALS '{\"schema.registry.password\": \"secret\"}' INTO TABLE t "
            f"FORMAT AVRO (id <- id, who <- who, city <- at::city) SCHEMA '{json.dumps(reader)}'; "
            "START PIPELINE feed")
        streams.wait_for_messages(shop, "feed", 5)
        assert streams.rejects_of(shop, "feed") == {(0, 2): "bad-document", (0, 3): "bad-document"}
        assert shop.rows("SELECT id, who, city FROM t ORDER BY id") == [
            (1, "ann", "nowhere"), (3, "bo", "nowhere"), (2**40, None, "Ulm")]
        assert registry.calls.count("/schemas/ids/1") == 1, "a schema is asked for once"
        assert "secret" not in shop.rows("SHOW CREATE PIPELINE feed")[0][1]


def test_a_registry_that_is_away_costs_no_row(shop, broker):
    schema = record([("id", "long")])
    topic = broker.create_topic("avro")
    broker.produce_all(topic, [(0, with_id(4, encoded(schema, {"id": number})))
                               for number in range(100)])
    shop.execute("CREATE TABLE t (id BIGINT)")
    registry = Registry()
    registry.register(4, schema)
    registry.start()
    registry.stop()
    try:
        shop.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} INTO TABLE t "
                     f"FORMAT AVRO SCHEMA REGISTRY '{registry.url}' (id <- id)")
        shop.execute("START PIPELINE feed")
        streams.wait_for_error(shop, "feed", "schema registry")
        assert streams.state_of(shop, "feed") == "Running"
        registry.start()
        streams.wait_for_messages(shop, "feed", 100)
        assert shop.value("SELECT count(DISTINCT id) FROM t") == 100
        assert streams.rejects_of(shop, "feed") == {}
    finally:
        registry.stop()


def test_random_records_are_what_fastavro_reads(shop, broker):
    """Whole records as JSON, beside fastavro's own reading of the same bytes."""
    seed = 11
    random_ = random.Random(seed)

    def random_type(depth):
        kinds = ["int", "long", "double", "string", "boolean", "array", "map", "union", "enum"]
        kind = random_.choice(kinds if depth < 3 else kinds[:5])
        if kind == "array":
            return {"type": "array", "items": random_type(depth + 1)}
        if kind == "map":
            return {"type": "map", "values": random_type(depth + 1)}
        if kind == "union":
            return ["null", random_.choice(["int", "string", "double"])]
        if kind == "enum":
            return {"type": "enum", "name": f"e{random_.randrange(10**9)}", "symbols": ["A", "B"]}
        return kind

    def random_value(type_):
        if isinstance(type_, list):
            return random_value(random_.choice(type_))
        if isinstance(type_, dict) and type_["type"] == "array":
            return [random_value(type_["items"]) for _ in range(random_.randrange(4))]
        if isinstance(type_, dict) and type_["type"] == "map":
            return {f"k{i}": random_value(type_["values"]) for i in range(random_.randrange(3))}
        if isinstance(type_, dict):
            return random_.choice(type_["symbols"])
        return {"null": None, "int": random_.randrange(-2**31, 2**31),
                "long": random_.randrange(-2**63, 2**63), "double": random_.random() * 1e10,
                "boolean": random_.random() < 0.5,
                "string": "".join(random_.choice('a"\\\n\u00e4') for _ in range(9))}[type_]

    shop.execute("CREATE TABLE t (number BIGINT, doc VARCHAR, f3 VARCHAR)")
    for round_ in range(8):
        schema = record([("number", "long")] + [(f"f{i}", random_type(0)) for i in range(8)])
        rows = [{key["name"]: random_value(key["type"]) for key in schema["fields"]}
                for _ in range(300)]
        for number, row in enumerate(rows):
            row["number"] = round_ * 1000 + number
        topic = broker.create_topic("avro")
        broker.produce_all(topic, [(0, encoded(schema, row)) for row in rows])
        ingest(shop, broker, topic, "INTO TABLE t FORMAT AVRO (number <- number, doc <- %, "
               f"f3 <- f3) SCHEMA '{json.dumps(schema)}'", name=f"feed{round_}")
        streams.wait_for_messages(shop, f"feed{round_}", len(rows))
        got = shop.rows("SELECT number, doc FROM t "
                        f"WHERE number >= {round_ * 1000} ORDER BY number")
        assert [json.loads(doc) for _, doc in got] == rows, f"seed {seed} round {round_}"
