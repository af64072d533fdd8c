"""The HTTP side as scripts, services and Prometheus meet it."""

import base64
import http.client
import json
import os
import pathlib
import re
import socket
import threading
import time

import pytest
from lib import places, streams
from lib.sql import WAIT_TIMEOUT_S
from prometheus_client.parser import text_string_to_metric_families

MODEL = """CREATE MODEL clicks AS LinearClassifier(
  label => clicked,
  feature_columns => [numeric_column(age), categorical_column_with_hash_bucket(city, 10)],
  batch_size => 32)"""
RULES = places.ROOT / "examples" / "prometheus"


class Http:
    """Requests to one server, each on a connection of its own."""

    def __init__(self, server, user=None, password=""):
        self.address = server.http
        self.headers = {}
        if user is not None:
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            self.headers["Authorization"] = f"Basic {pair}"

    @classmethod
    def bearer(cls, server, token):
        made = cls(server)
        made.headers["Authorization"] = f"Bearer {token}"
        return made

    def send(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(*self.address, timeout=120)
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json",
                                                **self.headers, **(headers or {})})
        return connection.getresponse()

    def json(self, method, path, body=None, status=200):
        answer = self.send(method, path, body)
        text = answer.read()
        assert answer.status == status, text
        return json.loads(text)

    def sql(self, sql, status=200, **more):
        answer = self.json("POST", "/api/v1/sql", {"sql": sql, **more}, status)
        return answer["results"] if status == 200 else answer["error"]

    def lines(self, sql):
        """Line after line of a streamed result."""
        answer = self.send("POST", "/api/v1/sql", {"sql": sql},
                           {"Accept": "application/x-ndjson"})
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        for line in answer:
            yield json.loads(line)

    def predict(self, model, status=200, **body):
        answer = self.json("POST", f"/api/v1/models/{model}:predict", body, status)
        return answer if status == 200 else answer["error"]

    def metrics(self):
        """{(name, labels): value}, and the families as Prometheus' own parser reads them."""
        answer = self.send("GET", "/metrics")
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        families = list(text_string_to_metric_families(answer.read().decode()))
        samples = {(sample.name, frozenset(sample.labels.items())): sample.value
                   for family in families for sample in family.samples}
        return samples, families


@pytest.fixture
def web(server):
    return Http(server)


@pytest.fixture
def shop(session):
    """A model that has learned 2,000 rows."""
    session.execute(f"CREATE DATABASE shop; USE shop; {MODEL}")
    session.execute("""TRAIN MODEL clicks ON SELECT (i % 7)::DOUBLE AS age,
        CASE i % 3 WHEN 0 THEN 'Bern' WHEN 1 THEN 'Ulm' END AS city, (i % 7 > 3)::INT AS clicked
        FROM range(2000) t(i)""")
    return session


# --- SQL ------------------------------------------------------------------------------------------

VALUES = """SELECT 9007199254740993 AS big, 1.50::DECIMAL(6,2) AS price, 0.1::DOUBLE AS real,
  'NaN'::DOUBLE AS nan, true AS yes, NULL AS nothing, 'ü"\\\\' AS text, 'ab'::BLOB AS bytes,
  [1, NULL] AS list, {'a': 'x', 'b': [true]} AS struct, DATE '2026-11-23' AS day,
  170141183460469231731687303715884105727 AS huge, TIMESTAMP '2026-11-23 10:00:00.5' AS moment"""


def test_every_kind_of_value_is_json(web):
    (result,) = web.sql(VALUES)
    types = {column["name"]: column["type"] for column in result["columns"]}
    assert types["price"] == "DECIMAL(6,2)" and types["big"] == "BIGINT"
    assert types["list"] == "LIST" and types["day"] == "DATE"
    assert dict(zip(types, result["rows"][0])) == {
        "big": 9007199254740993, "price": "1.50", "real": 0.1, "nan": "NaN", "yes": True,
        "nothing": None, "text": 'ü"\\', "bytes": "YWI=", "list": [1, None],
        "struct": {"a": "x", "b": [True]}, "day": "2026-11-23",
        "huge": "170141183460469231731687303715884105727",
        "moment": "2026-11-23 10:00:00.500000"}


def test_statements_of_a_request_share_a_session_and_requests_do_not(web):
    web.sql("CREATE DATABASE d; USE d; CREATE TABLE t (a INT)")
    begun, inserted, _ = web.sql("BEGIN; INSERT INTO t VALUES (1), (2); ROLLBACK", database="d")
    assert begun["rows_changed"] == 0 and inserted["rows_changed"] == 2
    web.sql("BEGIN; INSERT INTO t VALUES (3)", database="d")  # and never committed
    assert web.sql("SELECT count(*) FROM d.t")[0]["rows"] == [[0]]
    web.sql("BEGIN; INSERT INTO t VALUES (3); COMMIT", database="d")
    assert web.sql("SELECT a FROM d.t")[0]["rows"] == [[3]]


def test_ours_and_mysql_dialect_are_the_same_as_over_mysql(web, shop):
    assert web.sql("SHOW MODELS", database="shop")[0]["rows"][0][0] == "clicks"
    assert web.sql("SELECT `model_name` FROM millrace.models # a comment\n LIMIT 0, 1")
    assert web.sql("SELECT CURRENT_USER()")[0]["rows"][0][0].startswith("root")


def test_an_error_has_status_codes_hint_and_place(web):
    web.sql("CREATE DATABASE d; CREATE TABLE d.couples (a INT)")
    error = web.sql("SELECT * FROM coupels", status=404, database="d")
    assert error["code"] == "not-found" and error["sqlstate"] == "42S02" and error["errno"] == 1146
    assert error["hint"] == "Did you mean couples?"
    assert error["position"] == len("SELECT * FROM ")
    assert web.sql("SELEC 1", status=400)["code"] == "syntax"
    assert web.sql("CREATE TABLE d.couples (a INT)", status=409)["code"] == "already-exists"
    assert web.sql("SELECT 1", status=404, database="nowhere")["message"]
    assert web.json("POST", "/api/v1/sql", ["SELECT 1"], 400)["error"]["code"] == "invalid-argument"


def test_a_statement_ends_at_its_time_limit_and_by_kill(web, session):
    endless = "SELECT count(*) FROM range(100000000000) a(i) WHERE i % 7 = 8"
    assert web.sql(endless, status=504, timeout_seconds=0.5)["code"] == "timeout"
    answers = []
    asking = threading.Thread(target=lambda: answers.append(web.sql(endless, status=499)))
    asking.start()
    listed = session.wait_until("SHOW PROCESSLIST",
                                lambda rows: any("range(1000" in str(row) for row in rows))
    number = next(row[0] for row in session.rows("SHOW PROCESSLIST") if "range(1000" in str(row))
    session.execute(f"KILL {number}")
    asking.join(WAIT_TIMEOUT_S)
    assert answers and answers[0]["code"] == "cancelled", listed


def memory_peak(server):
    text = (pathlib.Path("/proc") / str(server.process.pid) / "status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) * 1024


def test_a_client_that_leaves_frees_its_place(server, web, session):
    host, port = server.http
    def at_work(rows):
        return any("i % 7 = 9" in str(row) for row in rows)

    body = json.dumps({"sql": "SELECT count(*) FROM range(100000000000) a(i) WHERE i % 7 = 9"})
    with socket.create_connection((host, port)) as client:
        client.sendall(f"POST /api/v1/sql HTTP/1.1\r\nHost: {host}\r\n"
                       f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                       f"{body}".encode())
        session.wait_until("SHOW PROCESSLIST", at_work)
    session.wait_until("SHOW PROCESSLIST", lambda rows: not at_work(rows))
    assert web.sql("SELECT 1 AS one")[0]["rows"] == [[1]]


def test_a_big_result_is_streamed_and_never_gathered(server, web):
    rows = 3_000_000
    before = memory_peak(server)
    lines = web.lines(f"SELECT i, 'a text to fill the line with ' || i FROM range({rows}) t(i)")
    assert [column["type"] for column in next(lines)["columns"]] == ["BIGINT", "VARCHAR"]
    count = 0
    for line in lines:
        if not isinstance(line, list):
            break
        assert line[0] == count
        count += 1
    assert count == rows and line == {"rows": rows, "rows_changed": 0, "warnings": 0}
    # More than 100 MB went by.
    assert memory_peak(server) - before < 60_000_000


def test_an_error_in_the_middle_is_the_last_line(web):
    lines = list(web.lines("SELECT CASE WHEN i < 500000 THEN 1 ELSE error('broken') END "
                           "FROM range(1000000) t(i)"))
    assert lines[1] == [1]
    assert "broken" in lines[-1]["error"]["message"]


def test_a_result_too_large_to_gather_says_how_to_stream_it(web):
    error = web.sql("SELECT repeat('x', 1000) FROM range(100000)", status=507)
    assert "application/x-ndjson" in error["hint"]


# --- Predictions ----------------------------------------------------------------------------------

INSTANCES = [{"age": 1.5, "city": "Bern"}, {"age": 6, "city": "Ulm's \"\\ new"},
             {"age": -0.25, "city": None}]


def test_predictions_are_those_of_sql(web, shop):
    shop.execute("CREATE TABLE people (id INT, age DOUBLE, city VARCHAR)")
    with shop.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO people VALUES (%s, %s, %s)",
                           [(i, one["age"], one["city"]) for i, one in enumerate(INSTANCES)])
    expected = [(class_id, json.loads(probabilities), json.loads(logits), version) for
                class_id, probabilities, logits, version in shop.rows(
                    "SELECT p.class_id, p.probabilities, p.logits, p.model_version FROM "
                    "(SELECT id, predict('clicks', t) AS p FROM people t) ORDER BY id")]
    assert len({str(row[1]) for row in expected}) == 3
    answer = web.predict("shop.clicks", instances=INSTANCES)
    assert answer["model_versions"] == [1]
    for got, (class_id, probabilities, logits, version) in zip(answer["predictions"], expected):
        assert got == {"class_ids": [class_id], "classes": [str(class_id)],
                       "logistic": [probabilities[1]], "logits": logits,
                       "probabilities": probabilities}
        assert version == 1
    scores = web.predict("shop.clicks", signature_name="classify", instances=INSTANCES)
    assert scores["predictions"] == [{"classes": ["0", "1"], "scores": row[1]} for row in expected]


def test_many_instances_keep_their_order(web, shop):
    instances = [{"age": number / 64, "city": "Bern"} for number in range(-3000, 3000)]
    answer = web.predict("shop.clicks", instances=instances)
    logits = [one["logits"][0] for one in answer["predictions"]]
    assert len(logits) == 6000 and logits == sorted(logits) and logits[0] < logits[-1]


def test_a_kept_version_and_a_regressor(web, shop):
    first = web.predict("shop.clicks", instances=INSTANCES)
    shop.execute("TRAIN MODEL clicks ON SELECT 1.0 AS age, 'Bern' AS city, 1 AS clicked "
                 "FROM range(64)")
    assert web.predict("shop.clicks", instances=INSTANCES)["model_versions"] == [2]
    assert web.predict("shop.clicks/versions/1", instances=INSTANCES) == first
    assert web.predict("shop.clicks/versions/9", 404, instances=INSTANCES)["hint"]
    shop.execute("CREATE MODEL rent AS LinearRegressor(label => y, "
                 "feature_columns => [numeric_column(x)]); "
                 "TRAIN MODEL rent ON SELECT i AS x, 2 * i AS y FROM range(10) t(i)")
    expected = shop.value("SELECT predict('rent', r).prediction FROM (SELECT 3 AS x) r")
    for signature in ("predict", "regress"):
        answer = web.predict("shop.rent", signature_name=signature, instances=[{"x": 3}])
        assert answer["predictions"] == [[expected]] and expected != 0


def test_wrong_questions_to_a_model(web, shop):
    assert "nope" in web.predict("shop.nope", 404, instances=INSTANCES)["message"]
    assert "city" in web.predict("shop.clicks", 404, instances=[{"age": 1}])["message"]
    text = web.predict("shop.clicks", 400, instances=[{"age": "x", "city": "y"}])
    assert "age" in text["message"] and "position" not in text
    assert web.predict("shop.clicks", 400, instances=[{"age": 1}, {"city": "y"}])["hint"]
    assert web.predict("shop.clicks", 400, instances=INSTANCES, signature_name="regress")["hint"]
    answer = web.predict("shop.clicks", instances=[{"age": None, "city": "Bern"}])
    assert answer == {"predictions": [None], "model_versions": []}


# --- Users ----------------------------------------------------------------------------------------

def test_the_password_is_that_of_mysql(server, web, session):
    assert web.sql("SELECT 1")
    session.execute("SET PASSWORD = 'sesame'")
    for path in ("/metrics", "/api/v1/models", "/api/v1/pipelines"):
        assert web.send("GET", path).status == 401
    refused = web.send("POST", "/api/v1/sql", {"sql": "SELECT 1"})
    assert refused.status == 401 and refused.headers["WWW-Authenticate"].startswith("Basic")
    assert Http(server, "root", "wrong").sql("SELECT 1", status=401)
    assert Http(server, "root", "sesame").sql("SELECT 1")[0]["rows"] == [[1]]
    assert web.send("GET", "/healthz").status == 200


def test_an_access_token_stands_for_its_user(server, session):
    session.execute("CREATE DATABASE shop; CREATE TABLE shop.t (a INT);"
                    "CREATE TABLE shop.u (a INT)")
    session.execute("CREATE USER u IDENTIFIED BY 'sesame'")
    session.execute("GRANT SELECT ON shop.t TO u")
    ((token,),) = session.execute("CREATE TOKEN dashboard FOR u EXPIRE INTERVAL 30 DAY")
    web = Http.bearer(server, token)
    assert web.sql("SELECT count(*) FROM shop.t")[0]["rows"] == [[0]]
    assert web.sql("SELECT count(*) FROM shop.u", status=403)
    assert web.sql("SELECT CURRENT_USER()")[0]["rows"] == [["u@%"]]
    for path in ("/metrics", "/api/v1/models", "/api/v1/pipelines"):
        assert web.send("GET", path).status == 200
    # A token makes nothing that would outlive it.
    for statement in ("CREATE TOKEN other", "SET PASSWORD = 'x'", "ALTER USER u IDENTIFIED BY 'x'"):
        assert web.sql(statement, status=403)
    assert session.execute("SHOW TOKENS")[0][:2] == ("u", "dashboard")
    for wrong in ("millrace_" + "0" * 40, "", token[:-1], token + "0"):
        assert Http.bearer(server, wrong).send("GET", "/metrics").status == 401
    session.execute("DROP TOKEN dashboard FOR u")
    assert web.send("GET", "/metrics").status == 401


def test_tokens_last_as_long_as_they_and_their_users_do(server, session):
    session.execute("CREATE USER u IDENTIFIED BY 'sesame'")
    user = server.connect(user="u", password="sesame")
    ((own,),) = user.execute("CREATE TOKEN own")
    ((short,),) = user.execute("CREATE TOKEN short VALID UNTIL '2099-01-01'")
    for statement in ("CREATE TOKEN own", "CREATE TOKEN x VALID UNTIL '2001-01-01'",
                      "CREATE TOKEN x FOR root", "DROP TOKEN x", "DROP TOKEN x FOR root",
                      "CREATE TOKEN x FOR nobody"):
        with pytest.raises(Exception):
            user.execute(statement)
    user.execute("DROP TOKEN IF EXISTS x")
    assert [row[1] for row in user.execute("SHOW TOKENS")] == ["own", "short"]
    ((roots,),) = session.execute("CREATE TOKEN roots")
    server.restart()
    kept = b"".join(file.read_bytes() for file in server.data.iterdir() if file.is_file())
    for token in (own, short, roots):
        assert token.encode() not in kept
        assert Http.bearer(server, token).send("GET", "/metrics").status == 200
    again = server.connect()
    again.execute("DROP USER u")
    again.execute("CREATE USER u")
    assert Http.bearer(server, own).send("GET", "/metrics").status == 401
    assert Http.bearer(server, roots).send("GET", "/metrics").status == 200
    assert [row[0] for row in again.execute("SHOW TOKENS")] == ["root"]


def test_pages_of_other_sites(make_server):
    server = make_server().start(arguments=("--http-allow-origin", "https://friend.example"))
    web = Http(server)
    question = "POST", "/api/v1/sql", {"sql": "SELECT 1"}
    other = web.send(*question, {"Origin": "https://evil.example"})
    assert other.status == 403 and "Access-Control-Allow-Origin" not in other.headers
    page = web.send(*question, {"Origin": "https://friend.example"})
    assert page.status == 200
    assert page.headers["Access-Control-Allow-Origin"] == "https://friend.example"
    assert web.send("GET", "/api/v1/models", headers={"Host": "evil.example"}).status == 401


# --- Pipelines, models, metrics -------------------------------------------------------------------

@pytest.fixture
def fed(shop, tmp_path):
    """A pipeline that has read a file of 100 good lines and a bad one, and trains the model."""
    folder = tmp_path / "in"
    folder.mkdir()
    file = folder / "rows.csv"
    file.write_text("".join(f"{i % 7},Bern,{i % 2}\n" for i in range(100)) + "old,Bern,1\n")
    settled = time.time() - 60
    os.utime(file, (settled, settled))
    shop.execute(f"CREATE PIPELINE feed AS LOAD DATA FS '{folder}' TRAIN MODEL clicks "
                 "INTO TABLE evaluation FIELDS TERMINATED BY ',' (age, city, clicked); "
                 "START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 101)
    return shop


def test_pipelines_and_models_are_listed(web, fed):
    (pipeline,) = web.json("GET", "/api/v1/pipelines")["pipelines"]
    assert (pipeline["database"], pipeline["pipeline"]) == ("shop", "feed")
    assert pipeline["state"] == "Running" and pipeline["error"] is None
    assert pipeline["messages"] == 101 and pipeline["rejects"] == 1 and pipeline["lag"] == 0
    assert pipeline["bytes"] > 0 and pipeline["rows_per_second"] > 0
    assert (pipeline["progress"], pipeline["eta_seconds"]) == (100, None)
    (partition,) = pipeline["partitions"]
    assert partition["partition"] == "0" and partition["lag"] == 0
    assert partition["end_offset_age_seconds"] >= 0
    (model,) = web.json("GET", "/api/v1/models")["models"]
    assert (model["database"], model["model"], model["state"]) == ("shop", "clicks", "training")
    assert model["examples"] == 2100 and 0 < model["lifetime_loss"] < 1


def test_metrics_tell_what_the_tables_tell(web, fed):
    samples, families = web.metrics()
    feed = {"database": "shop", "pipeline": "feed"}
    clicks = {"database": "shop", "model": "clicks"}

    def value(name, **labels):
        return samples[(name, frozenset(labels.items()))]

    assert value("millrace_pipeline_messages_total", **feed) == 101
    assert value("millrace_pipeline_rejects_total", **feed) == 1
    assert value("millrace_pipeline_lag", **feed) == 0
    assert value("millrace_pipeline_partition_lag", **feed, partition="0") == 0
    assert value("millrace_pipeline_partition_end_age_seconds", **feed, partition="0") >= 0
    assert value("millrace_pipeline_progress_ratio", **feed) == 1
    bytes_read = fed.value("SELECT BYTES FROM information_schema.PIPELINES")
    assert value("millrace_pipeline_bytes_total", **feed) == bytes_read > 0
    assert value("millrace_pipeline_rows_per_second", **feed) > 0
    assert value("millrace_pipeline_bytes_per_second", **feed) > 0
    assert ("millrace_pipeline_eta_seconds", frozenset(feed.items())) not in samples
    assert value("millrace_pipeline_state", **feed, state="Running") == 1
    assert value("millrace_pipeline_state", **feed, state="Error") == 0
    assert value("millrace_model_version", **clicks) == 2
    auc, loss = (float(fed.value(
        "SELECT value FROM millrace.model_metrics WHERE scope = 'lifetime' AND version = 2 "
        f"AND metric = '{metric}'")) for metric in ("auc", "average_loss"))
    assert value("millrace_model_auc", **clicks, scope="lifetime") == auc
    assert value("millrace_model_loss", **clicks, scope="lifetime") == pytest.approx(loss)
    assert 0 <= time.time() - value("millrace_model_updated_timestamp_seconds", **clicks) < 300
    assert value("millrace_sessions", protocol="mysql") == 1
    fed.execute("CHECKPOINT")
    later, _ = web.metrics()
    assert later[("millrace_store_size_bytes", frozenset())] > 0
    for family in families:
        assert family.name.startswith("millrace_") and family.documentation
        assert family.type in ("counter", "gauge")


def named_metrics(text):
    return set(re.findall(r"\bmillrace_\w+", text))


def test_the_page_and_the_examples_name_the_metrics_there_are(web, fed):
    samples, families = web.metrics()
    there = {family.name + ("_total" if family.type == "counter" else "") for family in families}
    page = (places.ROOT / "docs" / "reference" / "http.md").read_text()
    assert set(re.findall(r"^\| `(millrace_\w+)` \|", page, re.MULTILINE)) == there
    for family in families:
        name = family.name + ("_total" if family.type == "counter" else "")
        assert f"| `{name}` | {family.type} |" in page
    for file in ("alerts.yml", "dashboard.json"):
        named = named_metrics((RULES / file).read_text())
        assert named and named <= there, file


def test_the_dashboard_is_json_with_a_query_in_each_panel():
    dashboard = json.loads((RULES / "dashboard.json").read_text())
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert len(panels) > 8
    assert all(target["expr"] for panel in panels for target in panel["targets"])
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_the_description_names_what_answers(web):
    description = web.json("GET", "/api/v1/openapi.json")
    page = (places.ROOT / "docs" / "reference" / "http.md").read_text()
    for path, operations in description["paths"].items():
        method = "GET" if "get" in operations else "POST"
        shown = path.replace("{model}", "DATABASE.MODEL").replace("{version}", "N")
        assert f"| `{method} {shown}` |" in page
