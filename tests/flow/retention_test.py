# ctest: kafka
"""What the logs keep: SET GLOBAL bounds them, and neither exactly once nor a replay hangs on what
is gone."""

import pytest

from lib import streams
from lib.datafile import forget_snapshots

MODEL = """CREATE MODEL {name} AS LinearClassifier(label => clicked, feature_columns => [
    numeric_column(age), categorical_column_with_identity(city, 7)])"""


@pytest.fixture
def shop(session):
    session.execute("CREATE DATABASE shop; USE shop")
    return session


def make_training(session, broker, topic, name):
    session.execute(MODEL.format(name=name))
    session.execute(f"""CREATE PIPELINE learn_{name} AS {streams.load_data(broker, topic)}
        MAX_OFFSETS_PER_BATCH_PARTITION 100 TRAIN MODEL {name} INTO TABLE e_{name}
        FIELDS TERMINATED BY ',' (age, city, clicked)""")


def clicks(count):
    return [f"{number % 90},{number % 7},{int(number % 90 > 45)}" for number in range(count)]


def batches_of(session, pipeline):
    return [row[0] for row in session.rows("SELECT DISTINCT batch_id FROM millrace.batches "
                                           f"WHERE pipeline_name = '{pipeline}' ORDER BY 1")]


def test_the_variables_are_the_servers_and_outlive_it(server, session):
    shown = dict(session.rows("SHOW VARIABLES LIKE 'pipelines%'"))
    assert shown == {"pipelines_batch_interval": "0",
                     "pipelines_batches_metadata_to_keep": "100000",
                     "pipelines_errors_retention_minutes": "1440",
                     "pipelines_max_offsets_per_batch_partition": "65536",
                     "pipelines_max_batch_bytes": "67108864",
                     "pipelines_max_retries_per_batch_partition": "4",
                     "pipelines_rejects_retention_minutes": "43200",
                     "pipelines_stop_on_error": "0",
                     "pipelines_transform_timeout_ms": "300000"}
    session.execute("SET GLOBAL pipelines_transform_timeout_ms = 1000")
    session.execute("SET @@GLOBAL.models_versions_metadata_to_keep = 7")
    assert session.value("SELECT @@pipelines_transform_timeout_ms") == 1000
    assert server.connect().value("SELECT @@GLOBAL.models_versions_metadata_to_keep") == 7
    session.expect_error("SET pipelines_transform_timeout_ms = 5", "is the server's")
    session.expect_error("SET GLOBAL pipelines_transform_timeout_ms = 0", "from 1 to")
    session.expect_error("SET GLOBAL pipelines_transform_timeout_ms = 'x'", "from 1 to")
    session.execute("SET GLOBAL models_versions_metadata_to_keep = DEFAULT")
    server.restart()
    session = server.connect()
    assert session.value("SELECT @@pipelines_transform_timeout_ms") == 1000
    assert session.value("SELECT @@models_versions_metadata_to_keep") == 100000


def test_a_pipeline_takes_the_servers_defaults_where_it_says_nothing(shop):
    shop.execute("CREATE TABLE t (a BIGINT); SET GLOBAL pipelines_batch_interval = 70; "
                 "SET GLOBAL pipelines_max_offsets_per_batch_partition = 11; "
                 "SET GLOBAL pipelines_stop_on_error = ON")
    source = "AS LOAD DATA KAFKA '127.0.0.1:1/feed'"
    shop.execute(f"CREATE PIPELINE p {source} INTO TABLE t")
    shop.execute(f"CREATE PIPELINE q {source} BATCH_INTERVAL 0 MAX_OFFSETS_PER_BATCH_PARTITION 5 "
                 "STOP_ON_ERROR OFF INTO TABLE t")
    shown = shop.rows("SHOW CREATE PIPELINE p")[0][1]
    for clause in ("BATCH_INTERVAL 70", "MAX_OFFSETS_PER_BATCH_PARTITION 11", "STOP_ON_ERROR ON"):
        assert clause in shown
    # What is shown makes the same again, though the other defaults would now.
    other = shop.rows("SHOW CREATE PIPELINE q")[0][1]
    for clause in ("BATCH_INTERVAL 0", "MAX_OFFSETS_PER_BATCH_PARTITION 5", "STOP_ON_ERROR OFF"):
        assert clause in other
    for name, text in (("p", shown), ("q", other)):
        shop.execute(f"DROP PIPELINE {name}; {text}")
        assert shop.rows(f"SHOW CREATE PIPELINE {name}")[0][1] == text


def test_a_batch_log_is_cut_and_every_row_is_there_once(shop, broker):
    topic = broker.create_topic("feed")
    broker.produce(topic, [str(number) for number in range(20)])
    shop.execute("CREATE TABLE t (a BIGINT, b BIGINT)")
    shop.execute(f"""CREATE PIPELINE feed AS {streams.load_data(broker, topic)}
        MAX_OFFSETS_PER_BATCH_PARTITION 1 INTO TABLE t (a) SET b = pipeline_batch_id()""")
    assert shop.rows("TEST PIPELINE feed") == [("0", "1")]
    shop.execute("START PIPELINE feed FOREGROUND")
    assert batches_of(shop, "feed") == list(range(1, 21))
    shop.execute("SET GLOBAL pipelines_batches_metadata_to_keep = 5")
    broker.produce(topic, ["20"])
    shop.execute("START PIPELINE feed FOREGROUND")
    assert batches_of(shop, "feed") == list(range(16, 22))
    # Each row has the number of its batch, which is that of the log.
    assert shop.rows("SELECT count(*), count(DISTINCT a), count(*) FILTER (b = a + 1) FROM t") == [
        (21, 21, 21)]
    shop.execute("SET GLOBAL pipelines_batches_metadata_to_keep = 0")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert len(batches_of(shop, "feed")) == 6


def test_a_replay_needs_nothing_that_is_cut(make_server, broker):
    topic = broker.create_topic("clicks")
    broker.produce(topic, clicks(3000))
    server = make_server().start()
    session = server.connect()
    session.execute("CREATE DATABASE shop; USE shop")
    session.execute("SET GLOBAL pipelines_batches_metadata_to_keep = 1")
    session.execute("SET GLOBAL models_versions_metadata_to_keep = 1")
    make_training(session, broker, topic, "killed")
    make_training(session, broker, topic, "whole")
    session.execute("START PIPELINE learn_whole FOREGROUND")
    for _ in range(3):
        server.restart(fault="engine.publish.after:kill@5")
        session = server.connect(database="shop")
        session.error("START PIPELINE learn_killed FOREGROUND")
        server.wait_for_exit()
        server.start()
        session = server.connect(database="shop")
    session.execute("START PIPELINE learn_killed FOREGROUND")
    assert session.rows("SELECT examples, model_version FROM e_killed") == [(3000, 30)]
    checksums = session.rows("SELECT checksum FROM millrace.model_versions WHERE version = 30")
    assert len(checksums) == 2 and len(set(checksums)) == 1


def test_check_model_says_that_its_log_was_cut(server, shop, broker):
    topic = broker.create_topic("clicks")
    broker.produce(topic, clicks(2000))
    make_training(shop, broker, topic, "m")
    shop.execute("START PIPELINE learn_m FOREGROUND")
    assert {row[3] for row in shop.rows("CHECK MODEL m")} == {"equal"}
    server.terminate()
    forget_snapshots(server.data, "version NOT IN (1, 20)")
    shop = server.start().connect(database="shop")
    kept = shop.value("SELECT max(version) FROM millrace.model_versions WHERE checksum IS NOT NULL")
    shop.execute("SET GLOBAL pipelines_batches_metadata_to_keep = 2")
    shop.execute("START PIPELINE learn_m FOREGROUND")
    checked = shop.rows("CHECK MODEL m")
    assert {row[3] for row in checked} == {"cannot be checked"}
    assert all("pipelines_batches_metadata_to_keep" in row[4] for row in checked)
    shop.execute("SET GLOBAL models_versions_metadata_to_keep = 2")
    shop.execute("START PIPELINE learn_m FOREGROUND")
    checked = shop.rows("CHECK MODEL m")
    assert any("models_versions_metadata_to_keep" in row[4] for row in checked)
    versions = [row[0] for row in shop.rows("SELECT version FROM millrace.model_versions "
                                            "WHERE model_name = 'm' ORDER BY 1")]
    assert versions[-2:] == [19, 20] and len(versions) <= 7 and kept in versions
    # What is kept can be restored and asked still, and learning goes on.
    broker.produce(topic, clicks(100))
    shop.execute("START PIPELINE learn_m FOREGROUND")
    assert shop.value("SELECT model_version FROM e_m") == 21
