# ctest: kafka
"""The life of a model beside its pipelines: TRAIN and EVALUATE MODEL ... ON, ALTER, RESTORE,
retention, warm starts, and CHECK MODEL, which learns again what was learned."""

import json
import threading
import time

import pytest

from lib import streams
from lib.by_hand import LogisticRegression, mean
from lib.clicks import MODEL, TRAIN, as_csv, make_rows
from lib.datafile import DataFile
from lib.sql import WAIT_TIMEOUT_S

STEP = 32


@pytest.fixture
def shop(session):
    session.execute(f"CREATE DATABASE shop; USE shop; {MODEL}; "
                    "CREATE TABLE history (id BIGINT, age DOUBLE, city BIGINT, clicked BIGINT)")
    return session


def fill(session, rows):
    session.execute("INSERT INTO history VALUES " + ",".join(str(row) for row in rows))


def evaluation(session, statement):
    """{column: value} of TRAIN or EVALUATE MODEL."""
    with session.connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall()
        assert len(rows) == 1
        return dict(zip([column[0] for column in cursor.description], rows[0]))


def probabilities(session, version=None):
    named = "" if version is None else f", version => {version}"
    return session.rows(f"SELECT predict('clicks', h{named}).probability FROM history h "
                        "ORDER BY id")


def versions(session, what="version"):
    return session.rows(f"SELECT {what} FROM millrace.model_versions "
                        "WHERE model_name = 'clicks' ORDER BY version")


def kept(session):
    return [version for version, size in versions(session, "version, bytes") if size is not None]


def learn(by_hand, rows):
    for begin in range(0, len(rows), STEP):
        by_hand.step(rows[begin:begin + STEP])


def start_training(session, broker, topic, batch):
    session.execute(f"CREATE PIPELINE train AS {streams.load_data(broker, topic)} "
                    f"MAX_OFFSETS_PER_BATCH_PARTITION {batch} {TRAIN}; START PIPELINE train")


def test_training_on_a_query_is_in_its_order_and_one_version(shop):
    rows = make_rows(1, 0, 5000)  # more than one chunk of the store, and none that ends at a step
    fill(shop, rows)
    trained = evaluation(shop, "TRAIN MODEL clicks ON SELECT * FROM history ORDER BY id")
    by_hand = LogisticRegression()
    learn(by_hand, rows)
    wanted = by_hand.metrics()
    for name, value in wanted.items():
        assert trained[name] == pytest.approx(value, abs=0.01 if name == "auc" else 1e-5), name
    assert (trained["global_step"], trained["examples"], trained["model_version"]) == (157, 5000, 1)
    for (got,), (_, age, city, _) in zip(probabilities(shop), rows):
        assert got == pytest.approx(by_hand.probability(age, city), abs=1e-5)
    assert versions(shop, "version, made_by, pipeline_name, batch_id, offsets, statement") == [
        (1, "train", None, None, None,
         "TRAIN MODEL clicks ON SELECT * FROM history ORDER BY id")]

    # Another order is another model; a temporary table, a CTE and values are queries too.
    shop.execute("CREATE TEMPORARY TABLE few AS SELECT * FROM history WHERE id < 100")
    again = evaluation(shop, "TRAIN MODEL clicks ON WITH f AS (FROM few) SELECT * FROM f "
                             "ORDER BY id DESC")
    learn(by_hand, rows[99::-1])
    assert again["model_version"] == 2 and again["examples"] == 100
    assert again["global_step"] == 157 + 4
    for (got,), (_, age, city, _) in zip(probabilities(shop), rows):
        assert got == pytest.approx(by_hand.probability(age, city), abs=1e-5)


def test_evaluating_changes_nothing(shop):
    rows = make_rows(2, 0, 3000)
    fill(shop, rows)
    untrained = evaluation(shop, "EVALUATE MODEL clicks ON SELECT * FROM history")
    assert untrained["prediction/mean"] == 0.5 and untrained["global_step"] == 0
    shop.execute("TRAIN MODEL clicks ON SELECT * FROM history WHERE id < 2000 ORDER BY id")
    by_hand = LogisticRegression()
    learn(by_hand, rows[:2000])
    before = streams.newest_snapshot(shop, "clicks")
    got = evaluation(shop, "EVALUATE MODEL clicks ON SELECT clicked, city, age FROM history "
                           "WHERE id >= 2000 ORDER BY id")
    predicted = [by_hand.probability(age, city) for _, age, city, _ in rows[2000:]]
    labels = [row[3] for row in rows[2000:]]
    assert got["label/mean"] == pytest.approx(mean(labels), abs=1e-7)
    assert got["prediction/mean"] == pytest.approx(mean(predicted), abs=1e-5)
    assert got["accuracy"] == pytest.approx(
        mean((p > 0.5) == (label == 1) for p, label in zip(predicted, labels)), abs=1e-9)
    assert (got["examples"], got["global_step"], got["model_version"]) == (1000, 63, 1)
    assert streams.newest_snapshot(shop, "clicks") == before
    assert versions(shop) == [(1,)]
    # An older version is evaluated as it was.
    shop.execute("TRAIN MODEL clicks ON SELECT * FROM history WHERE id < 500")
    then = evaluation(shop, "EVALUATE MODEL clicks VERSION 1 ON SELECT clicked, city, age "
                            "FROM history WHERE id >= 2000 ORDER BY id")
    assert then == got


def test_rows_that_cannot_be_learned_are_warnings_and_move_no_other(shop):
    rows = make_rows(3, 0, 1000)
    fill(shop, rows)
    fill(shop, [(1000, 0.5, 99, 1)])
    shop.execute("INSERT INTO history VALUES (1001, NULL, 3, 1), (1002, 0.5, 3, NULL)")
    trained = evaluation(shop, "TRAIN MODEL clicks ON SELECT * FROM history "
                               "ORDER BY if(id < 1000, id, id % 1000 * 10), id DESC")
    warnings = [row[2] for row in shop.rows("SHOW WARNINGS")]
    assert warnings[0] == "3 of 1003 rows were left out" and len(warnings) == 4
    assert warnings[1].startswith("row 1: ") and "city" in warnings[1]
    assert trained["examples"] == 1000
    by_hand = LogisticRegression()
    learn(by_hand, rows)
    assert trained["average_loss"] == pytest.approx(by_hand.metrics()["average_loss"], abs=1e-5)
    # Without any row to learn there is no new version.
    none = evaluation(shop, "TRAIN MODEL clicks ON SELECT * FROM history WHERE id > 1000")
    assert (none["examples"], none["model_version"]) == (0, 1)
    assert versions(shop) == [(1,)]


def test_a_failing_query_teaches_nothing(shop):
    fill(shop, make_rows(4, 0, 5000))
    shop.expect_error("TRAIN MODEL clicks ON SELECT id, age, clicked, "
                      "if(id < 4500, city, error('enough')) AS city FROM history", "enough")
    assert versions(shop) == []
    shop.expect_error("TRAIN MODEL clicks ON SELECT age, city FROM history", "clicked")
    shop.expect_error("TRAIN MODEL clicks ON DELETE FROM history", "SELECT")
    shop.expect_error("EVALUATE MODEL clicks ON WITH x AS (SELECT 1) DELETE FROM history",
                      "not a query")
    assert shop.value("SELECT count(*) FROM history") == 5000
    # What a transaction has written before is committed, and learned.
    shop.execute("BEGIN")
    shop.execute("DELETE FROM history WHERE id >= 10")
    trained = evaluation(shop, "TRAIN MODEL clicks ON SELECT * FROM history")
    shop.execute("ROLLBACK")
    assert trained["examples"] == 10 == shop.value("SELECT count(*) FROM history")


def test_a_statement_between_batches_survives_a_crash(make_server, broker):
    """What a query taught cannot be read again: it is kept at once, and replays begin there."""
    topic = broker.create_topic("between")
    server = make_server().start()
    session = server.connect()
    session.execute(f"CREATE DATABASE shop; USE shop; {MODEL}; "
                    "CREATE TABLE history (id BIGINT, age DOUBLE, city BIGINT, clicked BIGINT)")
    history, first, second = make_rows(5, 0, 700), make_rows(6, 0, 900), make_rows(7, 0, 800)
    fill(session, history)
    broker.produce(topic, as_csv(first))
    start_training(session, broker, topic, 100)
    streams.wait_for_messages(session, "train", 900)
    trained = evaluation(session, "TRAIN MODEL clicks ON SELECT * FROM history ORDER BY id")
    assert trained["examples"] == 700
    assert streams.state_of(session, "train") == "Running", "it made way, and goes on"
    broker.produce(topic, as_csv(second))
    streams.wait_for_messages(session, "train", 1700)
    server.kill()

    session = server.start().connect(database="shop")
    streams.wait_for_replay(session, "clicks")
    log = versions(session, "version, made_by, offsets")
    statement = trained["model_version"]
    assert [version for version, made_by, _ in log if made_by == "train"] == [statement]
    assert [version for version, *_ in log] == list(range(1, len(log) + 1))
    by_hand = LogisticRegression()
    batches = streams.batch_log(session, "train")
    rows = first + second
    for number, (_, _, begin, end, *_) in enumerate(batches, start=1):
        if number == statement:
            learn(by_hand, history)
        learn(by_hand, rows[begin:end])
    for (got,), (_, age, city, _) in zip(probabilities(session), history):
        assert got == pytest.approx(by_hand.probability(age, city), abs=1e-5)
    session.execute("STOP PIPELINE train")
    checked = session.rows("CHECK MODEL clicks")
    assert checked[-1][1] == len(log)
    results = {(begin, end): result for begin, end, _, result, _ in checked}
    assert {result for (begin, _), result in results.items() if begin >= statement} == {"equal"}
    assert results[max(pair for pair in results if pair[1] == statement)] == "cannot be checked"


def test_rows_that_chance_shapes_are_learned_once(make_server, broker):
    """SET with random() gives other rows when it is run again: each batch's version is kept, so
    that a crash loses none and a replay makes up none."""
    topic = broker.create_topic("chance")
    server = make_server().start()
    session = server.connect()
    session.execute(f"CREATE DATABASE shop; USE shop; {MODEL}; "
                    "CREATE TABLE history (id BIGINT, age DOUBLE, city BIGINT, clicked BIGINT)")
    fill(session, make_rows(5, 0, 100))
    broker.produce(topic, as_csv(make_rows(6, 0, 2000)))
    shaken = TRAIN.replace("(id, age,", "(id, @age,") + " SET age = @age + random()"
    session.execute(f"CREATE PIPELINE train AS {streams.load_data(broker, topic)} "
                    f"MAX_OFFSETS_PER_BATCH_PARTITION 100 {shaken}; START PIPELINE train")
    streams.wait_for_messages(session, "train", 2000)
    before = probabilities(session)
    server.kill()

    session = server.start().connect(database="shop")
    streams.wait_for_replay(session, "clicks")
    assert probabilities(session) == before
    session.execute("STOP PIPELINE train")
    checked = session.rows("CHECK MODEL clicks")
    assert {result for *_, result, _ in checked} == {"cannot be checked"}
    assert "reads random()" in checked[-1][4]


def test_check_finds_a_version_that_is_not_what_was_learned(make_server, broker):
    topic = broker.create_topic("checked", 2)
    server = make_server().start()
    session = server.connect()
    session.execute("CREATE DATABASE shop; USE shop; "
                    + MODEL.replace("batch_size => 32", "batch_size => 32, keep_versions => 100"))
    rows = as_csv(make_rows(8, 0, 2000))
    broker.produce_all(topic, ((number % 2, row) for number, row in enumerate(rows)))
    start_training(session, broker, topic, 100)
    streams.wait_for_messages(session, "train", 2000)
    session.execute("STOP PIPELINE train; START PIPELINE train")
    broker.produce_all(topic, ((number % 2, row) for number, row in enumerate(rows)))
    streams.wait_for_messages(session, "train", 4000)
    session.execute("STOP PIPELINE train")
    checked = session.rows("CHECK MODEL clicks")
    assert len(checked) >= 3 and checked[0][0] == 0, "from its creation"
    assert {result for *_, result, _ in checked} == {"equal"}
    assert sum(row[2] for row in checked) == checked[-1][1] == versions(session)[-1][0]
    middle = checked[1][1]
    server.terminate()
    with DataFile(server.data) as file:
        file.run(f"UPDATE millrace_internal.snapshots SET bytes = bytes || 'x'::BLOB, "
                 f"size = size + 1 WHERE version = {middle}")
    session = server.start().connect(database="shop")
    spoiled = session.rows("CHECK MODEL clicks")
    assert [row[:3] for row in spoiled[:2]] == [row[:3] for row in checked[:2]]
    assert [row[3] for row in spoiled[:3]] == ["equal", "different", "cannot be checked"]
    assert "damaged" in spoiled[2][4]


def test_what_was_taught_before_a_change_is_learned_again_as_it_was(make_server, broker):
    topic = broker.create_topic("mended")
    server = make_server().start()
    session = server.connect()
    session.execute("CREATE DATABASE shop; USE shop; "
                    + MODEL.replace("batch_size => 32", "batch_size => 32, keep_versions => 100"))
    rows = make_rows(8, 0, 2000)
    broker.produce(topic, as_csv(rows[:500]))
    start_training(session, broker, topic, 100)
    streams.wait_for_messages(session, "train", 500)
    session.execute("ALTER PIPELINE train (id, @age, city, clicked) SET age = @age / 2 "
                    "WHERE city < 7")
    broker.produce(topic, as_csv(rows[500:1000]))
    streams.wait_for_messages(session, "train", 1000)
    # Its own batches are replayed by the new definition, those before are in a snapshot.
    server.kill()
    session = server.start().connect(database="shop")
    streams.wait_for_replay(session, "clicks")
    session.execute("ALTER PIPELINE train FIELDS TERMINATED BY ';'")
    broker.produce(topic, [row.replace(",", ";") for row in as_csv(rows[1000:1500])])
    streams.wait_for_messages(session, "train", 1500)
    session.execute("STOP PIPELINE train")
    session.execute("CREATE OR REPLACE PIPELINE train AS "
                    f"{streams.load_data(broker, topic)} {TRAIN}")
    broker.produce(topic, as_csv(rows[1500:]))
    session.execute("START PIPELINE train FOREGROUND")
    checked = session.rows("CHECK MODEL clicks")
    assert {result for *_, result, _ in checked} == {"equal"}, checked
    assert sum(row[2] for row in checked) == checked[-1][1] == versions(session)[-1][0]
    read = [rows[:500], [(number, age / 2, city, clicked) for number, age, city, clicked
                         in rows[500:1500] if city < 7], rows[1500:]]
    assert session.value("SELECT examples FROM millrace.models") == sum(map(len, read))


def test_restore_brings_a_version_back_as_a_new_one(shop):
    fill(shop, make_rows(9, 0, 600))
    shop.execute("TRAIN MODEL clicks ON SELECT * FROM history WHERE id < 300 ORDER BY id")
    then = probabilities(shop)
    shop.execute("TRAIN MODEL clicks ON SELECT * FROM history WHERE id >= 300 ORDER BY id")
    now = probabilities(shop)
    assert then != now
    assert probabilities(shop, 1) == then and probabilities(shop, 2) == now
    shop.execute("RESTORE MODEL clicks TO VERSION 1")
    assert probabilities(shop) == then
    assert shop.rows("SELECT version, global_step, examples FROM millrace.models") == [(3, 10, 300)]
    assert [made_by for made_by, in versions(shop, "made_by")] == ["train", "train", "restore"]
    # It goes on from there as it once did.
    shop.execute("TRAIN MODEL clicks ON SELECT * FROM history WHERE id >= 300 ORDER BY id")
    assert probabilities(shop) == now
    shop.execute("RESTORE MODEL clicks TO VERSION 0")
    assert set(probabilities(shop)) == {(0.5,)}
    shop.expect_error("RESTORE MODEL clicks TO VERSION 9", "version 9 of model \"clicks\" is not "
                      "kept. Those that are: 1, 2, 3, 4, 5")
    shop.expect_error("SELECT predict('clicks', h, version => 9) FROM history h", "is not kept")


def test_alter_takes_effect_at_the_next_batch_and_stays(make_server, broker):
    topic = broker.create_topic("altered")
    server = make_server().start()
    session = server.connect()
    session.execute(f"CREATE DATABASE shop; USE shop; {MODEL}; "
                    "CREATE TABLE history (id BIGINT, age DOUBLE, city BIGINT, clicked BIGINT)")
    rows = make_rows(10, 0, 1200)
    fill(session, rows)
    broker.produce(topic, as_csv(rows[:600]))
    start_training(session, broker, topic, 100)
    streams.wait_for_messages(session, "train", 600)
    session.execute("ALTER MODEL clicks SET learning_rate = 0.05")
    assert "Ftrl(learning_rate => 0.05)" in session.rows("SHOW CREATE MODEL clicks")[0][1]
    broker.produce(topic, as_csv(rows[600:]))
    streams.wait_for_messages(session, "train", 1200)
    server.kill()
    session = server.start().connect(database="shop")
    streams.wait_for_replay(session, "clicks")
    assert "Ftrl(learning_rate => 0.05)" in session.rows("SHOW CREATE MODEL clicks")[0][1]
    by_hand = LogisticRegression()
    for _, _, begin, end, *_ in streams.batch_log(session, "train"):
        by_hand.rate = 0.2 if begin < 600 else 0.05
        learn(by_hand, rows[begin:end])
    for (got,), (_, age, city, _) in zip(probabilities(session), rows):
        assert got == pytest.approx(by_hand.probability(age, city), abs=1e-5)
    # RESTORE brings back what was learned; what was set stays set.
    session.execute("STOP PIPELINE train")
    session.execute("RESTORE MODEL clicks TO VERSION 0")
    session.execute("TRAIN MODEL clicks ON SELECT * FROM history ORDER BY id")
    by_hand = LogisticRegression()
    by_hand.rate = 0.05
    learn(by_hand, rows)
    for (got,), (_, age, city, _) in zip(probabilities(session), rows):
        assert got == pytest.approx(by_hand.probability(age, city), abs=1e-5)


def test_the_first_rows_of_a_pipeline_decide_columns_that_are_auto(make_server, broker):
    topic = broker.create_topic("auto")
    server = make_server().start()
    session = server.connect()
    session.execute("CREATE DATABASE shop; USE shop; CREATE MODEL clicks AS LinearClassifier("
                    "label => clicked, feature_columns => auto, batch_size => 32, "
                    "keep_versions => 100)")
    read = "(@id, age, city, empty, @raw, clicked) SET half = @raw / 2, kind = upper(city)"
    create = (f"CREATE PIPELINE train AS {streams.load_data(broker, topic)} TRAIN MODEL clicks "
              f"INTO TABLE evaluation FIELDS TERMINATED BY ',' {read}")
    session.execute(create)
    session.expect_error("START PIPELINE train", "has no row yet.*START it when")
    assert "auto" in session.rows("SHOW CREATE MODEL clicks")[0][1]
    rows = [f"{number},{age},c{city},,{number % 7},{clicked}"
            for number, age, city, clicked in make_rows(3, 0, 400)]
    broker.produce(topic, rows[:200])
    session.execute("START PIPELINE train FOREGROUND")
    shown = session.rows("SHOW CREATE MODEL clicks")[0][1]
    for column in ("numeric_column(age, normalizer_fn => standard())",
                   "categorical_column_with_hash_bucket(city, 1000)",
                   "numeric_column(half, normalizer_fn => standard())",
                   "categorical_column_with_hash_bucket(kind, 1000)"):
        assert column in shown, shown
    assert not [word for word in ("auto", "empty", "id", "raw") if f"({word}" in shown]
    assert session.value("SELECT examples FROM millrace.models") == 200
    session.execute("START PIPELINE train")
    broker.produce(topic, rows[200:])
    streams.wait_for_messages(session, "train", 400)
    server.kill()
    session = server.start().connect(database="shop")
    streams.wait_for_replay(session, "clicks")
    assert session.rows("SHOW CREATE MODEL clicks")[0][1] == shown
    session.execute("STOP PIPELINE train")
    assert {row[3] for row in session.rows("CHECK MODEL clicks")} == {"equal"}
    assert {row[1].split("/")[0] for row in session.rows("DESCRIBE MODEL clicks")} == {
        "age", "city", "half", "kind", "bias"}


def test_versions_are_kept_as_the_model_says(shop):
    fill(shop, make_rows(11, 0, 64))
    for _ in range(8):
        shop.execute("TRAIN MODEL clicks ON SELECT * FROM history")
    assert kept(shop) == [4, 5, 6, 7, 8]
    shop.execute("ALTER MODEL clicks SET keep_versions = 2; "
                 "TRAIN MODEL clicks ON SELECT * FROM history")
    assert kept(shop) == [8, 9], "keep_versions makes no version of its own"
    shop.execute("ALTER MODEL clicks SET keep_versions = 1, keep_for = '1 hour'")
    for _ in range(3):
        shop.execute("TRAIN MODEL clicks ON SELECT * FROM history")
    assert kept(shop) == [8, 9, 10, 11, 12]
    shown = shop.rows("SHOW CREATE MODEL clicks")[0][1]
    assert "keep_versions => 1" in shown and "keep_for => '1 hour'" in shown
    shop.execute("DROP MODEL clicks; " + shown)
    assert shop.rows("SHOW CREATE MODEL clicks")[0][1] == shown


def test_a_warm_start_is_the_others_weights_for_good(make_server):
    server = make_server().start()
    session = server.connect()
    session.execute(f"CREATE DATABASE shop; USE shop; {MODEL}; "
                    "CREATE TABLE history (id BIGINT, age DOUBLE, city BIGINT, clicked BIGINT)")
    fill(session, make_rows(12, 0, 400))
    session.execute("TRAIN MODEL clicks ON SELECT * FROM history ORDER BY id")
    learned = probabilities(session)
    warm = MODEL.replace("MODEL clicks", "MODEL warm").replace(
        "batch_size => 32", "warm_start_from => clicks")
    session.execute(warm)
    session.execute("TRAIN MODEL clicks ON SELECT * FROM history ORDER BY id; DROP MODEL clicks; "
                    "ALTER MODEL warm SET keep_versions = 7")
    asked = "SELECT predict('warm', h).probability FROM history h ORDER BY id"
    assert session.rows(asked) == learned
    server.kill()
    session = server.start().connect(database="shop")
    assert session.rows(asked) == learned
    assert session.rows("SELECT version, global_step FROM millrace.models") == [(0, 0)]
    session.execute("TRAIN MODEL warm ON SELECT * FROM history ORDER BY id; "
                    "RESTORE MODEL warm TO VERSION 0")
    assert session.rows(asked) == learned
    session.expect_error(warm.replace("MODEL warm", "MODEL cold"),
                         "cannot create model \"cold\": model .*clicks.* does not exist")
    other = warm.replace("MODEL warm", "MODEL other").replace("=> clicks", "=> warm")
    session.expect_error(other.replace("numeric_column(age)", "numeric_column(id)"),
                         "cannot create model \"other\": .*no variable")


def test_explanations_add_up_to_the_logit(shop):
    fill(shop, make_rows(13, 0, 500))
    shop.execute("TRAIN MODEL clicks ON SELECT * FROM history ORDER BY id")
    rows = shop.rows(
        "SELECT id, city, part.feature, part.element, part.value, part.contribution, logit "
        "FROM (SELECT id, city, predict('clicks', h).logits[1] AS logit, "
        "unnest(explain('clicks', h)) AS part FROM history h WHERE id < 5) q ORDER BY id")
    assert len(rows) == 15
    for begin in range(0, 15, 3):
        parts = {row[2]: row for row in rows[begin:begin + 3]}
        assert set(parts) == {"age", "city", "bias"}
        assert parts["city"][3] == str(parts["city"][1]) and parts["age"][3] is None
        assert sum(row[5] for row in parts.values()) == pytest.approx(parts["bias"][6], abs=1e-6)
    # Of class 0 it is the other way round.
    one = shop.value("SELECT explain('clicks', h)[1].contribution FROM history h WHERE id = 1")
    other = shop.value("SELECT explain('clicks', h, class => 0)[1].contribution FROM history h "
                       "WHERE id = 1")
    assert one == -other != 0
    shop.expect_error("SELECT explain('clicks', h, class => 2) FROM history h",
                      "the model has no class 2: they are 0 to 1")
    assert shop.rows("SELECT explain('clicks', {'age': NULL::DOUBLE, 'city': 1})") == [(None,)]


def test_explanations_of_several_classes_and_of_layers(shop):
    fill(shop, make_rows(14, 0, 500))
    shop.execute("CREATE MODEL towns AS LinearClassifier(label => city, n_classes => 10, "
                 "feature_columns => [bucketized_column(age, boundaries => [-1, 0, 1])]); "
                 "CREATE MODEL wide AS DNNLinearCombinedClassifier(label => clicked, "
                 "linear_feature_columns => [categorical_column_with_identity(city, 10)], "
                 "dnn_feature_columns => [numeric_column(age)], dnn_hidden_units => [4]); "
                 "CREATE MODEL deep AS DNNClassifier(label => clicked, hidden_units => [4], "
                 "feature_columns => [numeric_column(age)])")
    for model in ("towns", "wide", "deep"):
        shop.execute(f"TRAIN MODEL {model} ON SELECT * FROM history ORDER BY id")
    for chosen, sums, logits in shop.rows(
            "SELECT predict('towns', h).class_id, "
            "[list_sum([p.contribution for p in explain('towns', h)]), "
            " list_sum([p.contribution for p in explain('towns', h, class => 3)])]::TEXT, "
            "[predict('towns', h).logits[1 + predict('towns', h).class_id], "
            " predict('towns', h).logits[4]]::TEXT FROM history h LIMIT 50"):
        for got, wanted in zip(sums.strip("[]").split(","), logits.strip("[]").split(",")):
            assert float(got) == pytest.approx(float(wanted), abs=1e-6), chosen
    elements = {row[0] for row in shop.rows(
        "SELECT explain('towns', h)[1].element FROM history h")}
    assert elements == {"below -1", "[-1, 0)", "[0, 1)", "1 or more"}
    for features, total, logit in shop.rows(
            "SELECT [p.feature for p in e]::TEXT, list_sum([p.contribution for p in e]), logit "
            "FROM (SELECT explain('wide', h) AS e, predict('wide', h).logits[1] AS logit "
            "FROM history h LIMIT 20)"):
        assert features == "[dnn, city, bias]"
        assert total == pytest.approx(logit, abs=1e-6)
    shop.expect_error("SELECT explain('deep', h) FROM history h",
                      "explain.'deep', .*not sums of its features'. Explain a linear")


def test_metrics_of_the_window_leave_the_beginning_behind(shop, broker):
    """And the detector sees that the world has turned round; nothing is done about it."""
    topic = broker.create_topic("turning")
    shop.execute("ALTER MODEL clicks SET learning_rate = 0.5")
    rows = make_rows(15, 0, 8000)
    turned = [(*row[:3], 1 - row[3]) for row in make_rows(16, 8000, 4000)]
    broker.produce(topic, as_csv(rows))
    start_training(shop, broker, topic, 250)
    streams.wait_for_messages(shop, "train", 8000)
    assert shop.rows("SELECT drifts, last_drift_step FROM millrace.models") == [(0, None)]
    broker.produce(topic, as_csv(turned))
    streams.wait_for_messages(shop, "train", 12000)
    shop.execute("STOP PIPELINE train")

    # Labels, batch by batch, say what each scope must be.
    everything = rows + turned
    batches = [everything[first:end] for _, _, first, end, *_ in streams.batch_log(shop, "train")]
    newest = shop.value("SELECT max(version) FROM millrace.model_metrics")
    assert newest == len(batches) + 1, "ALTER made one"
    metrics = {(scope, metric): value for scope, metric, value in shop.rows(
        f"SELECT scope, metric, value FROM millrace.model_metrics WHERE version = {newest}")}
    for scope, part in [("batch", batches[-1]), ("lifetime", everything),
                        ("window", [row for batch in batches[-16:] for row in batch])]:
        assert metrics[scope, "label/mean"] == pytest.approx(mean(row[3] for row in part),
                                                             abs=1e-6), scope
        assert metrics[scope, "log_loss"] == metrics[scope, "average_loss"]
        assert metrics[scope, "calibration"] == pytest.approx(
            metrics[scope, "prediction/mean"] / metrics[scope, "label/mean"])
    drifts, step = shop.rows("SELECT drifts, last_drift_step FROM millrace.models")[0]
    assert drifts >= 1 and step > 8000 // STEP
    assert metrics["drift", "drifts"] == drifts
    assert metrics["drift", "last_drift_step"] == step
    shown = shop.rows("SHOW MODELS")[0]
    assert shown[-1] == drifts
    assert shown[-3:-1] == pytest.approx((metrics["lifetime", "average_loss"],
                                          metrics["window", "average_loss"]))

    # The confusion matrix has every row, and the accuracy that the metrics have.
    confusion = {pair: weight for *pair_, weight in shop.rows(
        "SELECT label, predicted, weight FROM millrace.model_confusion") for pair in [tuple(pair_)]}
    assert sum(confusion.values()) == 12000
    assert confusion["1", "0"] + confusion["1", "1"] == sum(row[3] for row in everything)
    assert (confusion["0", "0"] + confusion["1", "1"]) / 12000 == pytest.approx(
        metrics["lifetime", "accuracy"])

    # The bins of the calibration have every row, and the means that the metrics have.
    bins = shop.rows("SELECT low, weight, weight * coalesce(mean_prediction, 0), weight * "
                     "coalesce(mean_label, 0) FROM millrace.model_calibration ORDER BY low")
    assert [low for low, *_ in bins] == pytest.approx([i / 10 for i in range(10)])
    assert sum(weight for _, weight, *_ in bins) == 12000
    assert sum(labels for *_, labels in bins) == pytest.approx(sum(row[3] for row in everything))
    assert sum(predictions for _, _, predictions, _ in bins) / 12000 == pytest.approx(
        metrics["lifetime", "prediction/mean"])

    # Each version says what it learned.
    log = shop.rows("SELECT made_by, offsets, metrics FROM millrace.model_versions "
                    "ORDER BY version")
    assert log[0][:2] == ("alter", None)
    assert [json.loads(offsets) for _, offsets, _ in log[1:]] == [
        {"0": [first, end]} for _, _, first, end, *_ in streams.batch_log(shop, "train")]
    assert json.loads(log[-1][2])["auc"] == metrics["lifetime", "auc"]


def wait_until_held(session):
    """Until a statement holds the model: DROP, refused because of the pipeline, says so then."""
    deadline = time.monotonic() + WAIT_TIMEOUT_S
    while True:
        error = session.error("DROP MODEL clicks")
        if "is being changed by a statement" in error:
            return
        assert time.monotonic() < deadline, error


def test_a_model_has_one_writer_and_a_killed_statement_lets_go(server, shop, broker):
    """A pipeline that made way for a statement goes on, whatever became of the statement."""
    topic = broker.create_topic("one-writer")
    broker.produce(topic, as_csv(make_rows(17, 0, 320)))
    fill(shop, make_rows(18, 0, 100))
    start_training(shop, broker, topic, 100)
    streams.wait_for_messages(shop, "train", 320)
    other = server.connect(database="shop")
    number = other.value("SELECT CONNECTION_ID()")
    endless = ("TRAIN MODEL clicks ON SELECT h.* FROM history h, range(1000000000) r "
               "WHERE h.id + r.range >= 0")
    failed = []
    thread = threading.Thread(target=lambda: failed.append(other.error(endless)))
    thread.start()
    try:
        # The statement holds the model once the pipeline has made way.
        wait_until_held(shop)
        shop.expect_error("RESTORE MODEL clicks TO VERSION 0", "changed by another statement")
        shop.expect_error("START PIPELINE train", "trained by another statement")
        before = probabilities(shop)
        assert evaluation(shop, "EVALUATE MODEL clicks ON SELECT * FROM history")["examples"] == 100
        assert probabilities(shop) == before, "readers never wait, and see no half of it"
    finally:
        shop.execute(f"KILL QUERY {number}")
        thread.join()
    assert "interrupted" in failed[0]
    assert "train" not in [made_by for made_by, in versions(shop, "made_by")]
    broker.produce(topic, as_csv(make_rows(19, 320, 100)))
    streams.wait_for_messages(shop, "train", 420)
    shop.execute("STOP PIPELINE train")
    assert shop.value("SELECT examples FROM millrace.models") == 420
    assert {result for *_, result, _ in shop.rows("CHECK MODEL clicks")} == {"equal"}
