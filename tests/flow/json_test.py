# ctest: kafka
"""FORMAT JSON: documents into columns, and every byte read as Python's own reader reads it."""

import json
import random

import pytest

from lib import streams


@pytest.fixture
def shop(session):
    session.execute("CREATE DATABASE shop; USE shop")
    return session


def ingest(session, broker, topic, clauses, name="feed"):
    session.execute(f"CREATE PIPELINE {name} AS {streams.load_data(broker, topic)} {clauses}; "
                    f"START PIPELINE {name}")


def test_paths_defaults_lists_and_exact_numbers(shop, broker):
    topic = broker.create_topic("json", 2)
    shop.execute("CREATE TABLE t (id BIGINT, big DECIMAL(38,10), city VARCHAR, zip VARCHAR, "
                 "tags VARCHAR[], scores DOUBLE[], moment DATETIME, whole JSON, shout VARCHAR)")
    rows = [{"id": 2**63 - 1, "price": 0, "at": {"city": "Ulm", "zip": 89073},
             "tags": ["a", "b\u00e4"], "scores": [1, 2.5], "moment": "2024-02-29T12:30:00Z"},
            {"id": -2**63, "at": {"city": None}}, {"id": 3, "at": "nowhere", "tags": []}]
    texts = [json.dumps(row).replace('"price": 0', '"price": 12345678901234567890.0123456789')
             for row in rows]
    broker.produce_all(topic, [(0, texts[0].encode()), (1, texts[1].encode()),
                               (1, texts[2].encode())])
    ingest(shop, broker, topic, "INTO TABLE t FORMAT JSON (id <- id, big <- price, "
           "city <- at::city DEFAULT 'none', zip <- %::at::zip, tags <- tags, scores <- scores, "
           "moment <- moment, whole <- %, @city <- at::city) SET shout = upper(@city)")
    streams.wait_for_messages(shop, "feed", 3)
    assert streams.rejects_of(shop, "feed") == {}
    got = shop.rows("SELECT id, CAST(big AS VARCHAR), city, zip, CAST(tags AS VARCHAR), "
                    "CAST(scores AS VARCHAR), CAST(moment AS VARCHAR), whole, shout "
                    "FROM t ORDER BY id DESC")
    assert got[0] == (2**63 - 1, "12345678901234567890.0123456789", "Ulm", "89073", "[a, b\u00e4]",
                      "[1.0, 2.5]", "2024-02-29 12:30:00", texts[0], "ULM")
    assert got[1] == (3, None, "none", None, "[]", None, None, texts[2], None)
    assert got[2] == (-2**63, None, None, None, None, None, None, texts[1], None)


def test_the_definition_survives_a_restart(shop, server, broker):
    topic = broker.create_topic("json")
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    ingest(shop, broker, topic,
           "INTO TABLE t FORMAT JSON (a <- `x y`::z DEFAULT 5, b <- % DEFAULT NULL)")
    broker.produce(topic, ['{"x y": {"z": 1}}'])
    streams.wait_for_messages(shop, "feed", 1)
    shown = shop.rows("SHOW CREATE PIPELINE feed")[0][1]
    assert "FORMAT JSON\n  (`a` <- `x y`::`z` DEFAULT 5, `b` <- % DEFAULT NULL)" in shown
    server.restart()
    session = server.connect(database="shop")
    assert session.rows("SHOW CREATE PIPELINE feed")[0][1] == shown
    broker.produce(topic, ["{}"])
    streams.wait_for_messages(session, "feed", 2)
    assert session.rows("SELECT a, b FROM t ORDER BY a") == [(1, '{"x y": {"z": 1}}'), (5, "{}")]


def test_bad_documents_are_rejected_with_their_bytes(shop, broker):
    topic = broker.create_topic("json")
    shop.execute("CREATE TABLE t (a TINYINT NOT NULL, day DATE)")
    bad = [(b'{"a": 1, "b": tru}', "bad-document"), (b'{"a": 1', "bad-document"),
           (b'{"a": 300}', "out-of-range"), (b'{"a": "x"}', "bad-number"),
           (b'{"a": {"b": 1}}', "wrong-type"), (b'{"b": "\xff", "a": 1}', "bad-utf8"),
           (b'{"b": 1}', "null-not-allowed"), (b"", "too-few-fields"),
           (b'{"a": 1, "day": "2024-02-30"}', "bad-date")]
    rows = []
    for number, (row, _) in enumerate(bad):
        rows += [(0, b'{"a": %d}' % number), (0, row)]
    broker.produce_all(topic, rows)
    ingest(shop, broker, topic, "INTO TABLE t FORMAT JSON (a <- a, day <- day)")
    streams.wait_for_messages(shop, "feed", len(rows))
    wanted = {(0, 2 * number + 1): reason for number, (_, reason) in enumerate(bad)}
    assert streams.rejects_of(shop, "feed") == wanted
    assert [row[0] for row in shop.rows("SELECT a FROM t ORDER BY a")] == [*range(len(bad))]
    kept = {row[0]: row[1:] for row in shop.rows(
        "SELECT source_offset, bytes, detail FROM millrace.rejects")}
    for number, (row, _) in enumerate(bad):
        assert kept[2 * number + 1][0] == row
    assert '"a"' in kept[5][1] and "300" in kept[5][1]


def random_value(random_, depth):
    kind = random_.randrange(9 if depth < 4 else 6)
    if kind == 0:
        return random_.choice([None, True, False])
    if kind == 1:
        return random_.choice([0, -1, 2**63 - 1, -2**63, random_.randrange(-1000, 1000)])
    if kind == 2:
        return random_.choice([0.1, -2.5e300, 1e-7, random_.random() * 10**random_.randrange(20)])
    if kind <= 5:
        letters = ['a', 'B', '"', '\\', '/', '\n', '\u00e4', '\U0001f600', ' ', '{', '[', ',', ':']
        return "".join(random_.choice(letters) for _ in range(random_.randrange(12)))
    if kind == 6:
        return [random_value(random_, depth + 1) for _ in range(random_.randrange(4))]
    return {random_.choice(["a", "b", "c d", "\u00e9", 'q"']): random_value(random_, depth + 1)
            for _ in range(random_.randrange(5))}


def mutated(random_, text):
    """Mostly as it is; else a byte is changed, dropped or doubled."""
    if random_.random() < 0.5 or not text:
        return text
    at = random_.randrange(len(text))
    byte = bytes([random_.choice(b'{}[]",:\\0123456789.eE+-tfn \n\xc3\x80a')])
    return random_.choice([text[:at] + byte + text[at + 1:], text[:at] + text[at + 1:],
                           text[:at] + byte + text[at:]])


def refuse_constant(word):
    raise ValueError(f"{word} is no JSON")


def as_python_reads(payload):
    """The value of `a` as text, or a ValueError."""
    value = json.loads(payload.decode("utf-8"), parse_constant=refuse_constant,
                       parse_int=lambda text: ("number", text),
                       parse_float=lambda text: ("number", text))
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # no lone surrogates
    a = value.get("a") if isinstance(value, dict) else None
    if a is None or isinstance(a, str):
        return a
    if isinstance(a, bool):
        return "true" if a else "false"
    if isinstance(a, tuple):
        return a[1]
    return "structure"


def is_several_documents(payload):
    """A message of several documents is a row for each line; Python's reader knows one only."""
    try:
        text = payload.decode()
        start = len(text) - len(text.lstrip(" \t\r\n"))
        _, end = json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        return False
    return bool(text[end:].strip(" \t\r\n"))


def test_every_document_is_read_as_python_reads_it(shop, broker):
    seed = 20240229
    random_ = random.Random(seed)
    topic = broker.create_topic("differential")
    payloads = []
    for _ in range(20_000):
        value = {"a": random_value(random_, 1), "b": random_value(random_, 1)}
        if random_.random() < 0.1:
            value = random_value(random_, 0)
        text = json.dumps(value, ensure_ascii=random_.random() < 0.5,
                          indent=random_.choice([None, None, 1])).encode()
        payloads.append(mutated(random_, text))
    payloads = [payload for payload in payloads if not is_several_documents(payload)]
    broker.produce_all(topic, [(0, payload) for payload in payloads])
    shop.execute("CREATE TABLE t (place BIGINT, a VARCHAR, whole JSON)")
    ingest(shop, broker, topic, "INTO TABLE t FORMAT JSON (a <- a, whole <- %)")
    streams.wait_for_messages(shop, "feed", len(payloads))
    rejected = {offset for _, offset in streams.rejects_of(shop, "feed")}
    rows = shop.rows("SELECT a, whole FROM t ORDER BY rowid")
    kept = iter(rows)
    accepted = 0
    for offset, payload in enumerate(payloads):
        try:
            wanted = as_python_reads(payload)
        except ValueError:
            assert offset in rejected, f"seed {seed}: accepted {payload!r}"
            continue
        assert offset not in rejected, f"seed {seed}: refused {payload!r}"
        accepted += 1
        a, whole = next(kept)
        if wanted != "structure":
            assert a == wanted, f"seed {seed}: {payload!r}"
        else:
            assert json.loads(a) == json.loads(payload)["a"]
        if json.loads(payload) is None:
            assert whole is None
        elif isinstance(json.loads(payload), str):
            assert json.loads(whole) == json.loads(payload)
        else:
            assert whole == payload.decode().strip(" \t\r\n")
    assert next(kept, None) is None
    assert 5_000 < accepted < 19_000
