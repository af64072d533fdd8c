# ctest: kafka
"""Models in streams: what TRAIN learned equals a recomputation by hand, CLASSIFY writes what
predict() says, and both share one model while they run."""

import pytest

from lib import streams
from lib.by_hand import LogisticRegression, mean
from lib.clicks import MODEL, TRAIN, as_csv, make_rows

@pytest.fixture
def shop(session):
    session.execute(f"CREATE DATABASE shop; USE shop; {MODEL}")
    return session


def test_the_evaluation_equals_a_recomputation(shop, broker):
    topic = broker.create_topic("prequential")
    rows = make_rows(1, 0, 1000)
    shop.execute("CREATE TABLE evaluation (`label/mean` DOUBLE, accuracy DOUBLE, auc DOUBLE, "
                 "average_loss DOUBLE, loss DOUBLE, prediction_mean DOUBLE, `precision` DOUBLE, "
                 "recall DOUBLE, accuracy_baseline DOUBLE, global_step BIGINT, other VARCHAR)")
    broker.produce(topic, as_csv(rows))
    shop.execute(f"CREATE PIPELINE train AS {streams.load_data(broker, topic)} "
                 f"MAX_OFFSETS_PER_BATCH_PARTITION 300 {TRAIN}; START PIPELINE train")
    streams.wait_for_messages(shop, "train", 1000)
    by_hand = LogisticRegression()
    steps = 0
    for _, _, first, end, *_ in streams.batch_log(shop, "train"):
        for begin in range(first, end, 32):  # the last step of a batch may be short
            by_hand.step(rows[begin:min(begin + 32, end)])
            steps += 1
    wanted = by_hand.metrics()
    names = ["accuracy", "accuracy_baseline", "average_loss", "loss", "label/mean", "precision",
             "recall", "prediction_mean", "auc"]
    got = shop.rows(f"SELECT {', '.join(f'`{name}`' for name in names)}, global_step, other "
                    "FROM evaluation")
    assert len(got) == 1 and got[0][-2:] == (steps, None)
    for name, value in zip(names, got[0]):
        tolerance = 0.01 if name == "auc" else 1e-5  # TensorFlow's has 200 thresholds
        assert value == pytest.approx(wanted[name.replace("prediction_", "prediction/")],
                                      abs=tolerance), name
    # The series holds the same, and each batch by itself.
    series = dict(shop.rows(
        "SELECT metric, value FROM millrace.model_metrics WHERE scope = 'lifetime' AND batch_id = "
        "(SELECT max(batch_id) FROM millrace.model_metrics)"))
    assert series["label/mean"] == pytest.approx(wanted["label/mean"], abs=1e-6)
    last = dict(shop.rows(
        "SELECT metric, value FROM millrace.model_metrics WHERE scope = 'batch' AND batch_id = "
        "(SELECT max(batch_id) FROM millrace.model_metrics)"))
    last_rows = rows[streams.batch_log(shop, "train")[-1][2]:]
    assert last["label/mean"] == pytest.approx(mean(row[3] for row in last_rows), abs=1e-6)
    # The model that learned: predictions of new rows are by the same weights.
    shop.execute("CREATE TABLE c (id BIGINT, age DOUBLE, city BIGINT)")
    shop.execute("INSERT INTO c VALUES (1, 0.5, 3), (2, -1.25, 9)")
    for id_, age, city, probability in shop.rows(
            "SELECT id, age, city, predict('clicks', c).probability FROM c"):
        assert probability == pytest.approx(by_hand.probability(age, city), abs=1e-5), id_


def test_a_row_that_makes_the_model_diverge_stops_the_stream_before_it(shop, broker):
    topic = broker.create_topic("diverging")
    rows = make_rows(4, 0, 100)
    broker.produce(topic, as_csv(rows[:50]))
    shop.execute(f"CREATE PIPELINE train AS {streams.load_data(broker, topic)} {TRAIN}; "
                 "START PIPELINE train; CREATE TABLE c AS SELECT 1 AS id, 0.5 AS age, 3 AS city")
    streams.wait_for_messages(shop, "train", 50)
    version, steps = shop.rows("SELECT version, global_step FROM millrace.models")[0]
    probability = shop.value("SELECT predict('clicks', c).probability FROM c")
    # Wrong by a number that is a float, but whose square, which Ftrl sums up, is none.
    broker.produce(topic, ["50,1e30,3,0"] + as_csv(rows[51:]))
    streams.wait_for_state(shop, "train", "Error")
    error = streams.errors_of(shop, "train")[-1]
    assert f'model "clicks" diverged at step {steps + 1}' in error, error
    assert "linear_model/age" in error, error
    assert "partition 0, offset 50" in error, error
    assert streams.messages_of(shop, "train") == 50
    assert shop.value("SELECT version FROM millrace.models") == version
    assert shop.value("SELECT predict('clicks', c).probability FROM c") == probability
    shop.execute("ALTER PIPELINE train SET OFFSETS CURSOR '{\"0\": 51}'; START PIPELINE train")
    streams.wait_for_messages(shop, "train", 99)
    assert shop.value("SELECT max(norm) FROM millrace.model_variables") < 100


def test_a_train_target_is_made_when_there_is_none(shop, broker):
    topic = broker.create_topic("made")
    shop.execute(f"CREATE PIPELINE train AS {streams.load_data(broker, topic)} {TRAIN}")
    columns = shop.columns("SELECT * FROM evaluation")
    assert columns[0] == "global_step" and "label_mean" in columns and "auc" in columns
    assert shop.rows("SELECT * FROM evaluation") == []


def test_train_and_classify_share_a_model_while_both_run(shop, broker):
    training = broker.create_topic("training", 2)
    classify = broker.create_topic("classify", 2)
    shop.execute("CREATE TABLE results (id BIGINT, age DOUBLE, city BIGINT, clicked TINYINT, "
                 "probability DOUBLE, model_version BIGINT)")
    shop.execute(
        f"CREATE PIPELINE train AS {streams.load_data(broker, training)} "
        f"MAX_OFFSETS_PER_BATCH_PARTITION 100 {TRAIN};"
        f"CREATE PIPELINE classify AS {streams.load_data(broker, classify)} "
        "MAX_OFFSETS_PER_BATCH_PARTITION 100 CLASSIFY WITH MODEL clicks INTO TABLE results "
        "FIELDS TERMINATED BY ',' (id, age, city, @clicked)")
    shop.expect_error("DROP MODEL clicks", "is used by pipeline")
    shop.execute("START ALL PIPELINES")
    sent = 0
    for _ in range(10):
        # Both have work at the same time, and what the part before taught is known to it.
        streams.wait_for_messages(shop, "train", sent)
        rows = make_rows(sent, sent, 1000)
        for topic in (training, classify):
            broker.produce_all(topic, ((row[0] % 2, text) for row, text in zip(rows, as_csv(rows))))
        sent += 1000
    for pipeline in ("train", "classify"):
        streams.wait_for_messages(shop, pipeline, sent)
    rows = shop.rows("SELECT id, clicked, probability, model_version FROM results ORDER BY id")
    assert len(rows) == sent
    for partition in (0, 1):
        versions = [row[3] for row in rows if row[0] % 2 == partition]
        assert versions == sorted(versions), "a version went back"
        assert len(set(versions)) > 3, "the model was never renewed"
    assert all(clicked == (probability > 0.5) for _, clicked, probability, _ in rows)
    truth = {row[0]: row[3] for part in range(10) for row in make_rows(part * 1000, part * 1000,
                                                                       1000)}
    later = [clicked == truth[id_] for id_, clicked, _, _ in rows[sent // 2:]]
    assert mean(later) > 0.75, "it learned nothing"

    # What CLASSIFY writes is what predict() says with the same version.
    shop.execute("STOP PIPELINE train")
    version = shop.value("SELECT version FROM millrace.models")
    more = make_rows(77, sent, 500)
    broker.produce(classify, as_csv(more))
    streams.wait_for_messages(shop, "classify", sent + 500)
    compared = shop.rows("SELECT probability, predict('clicks', r).probability, clicked, "
                         "predict('clicks', r).class_id, model_version, "
                         f"predict('clicks', r).model_version FROM results r WHERE id >= {sent}")
    assert len(compared) == 500
    for stored, predicted, class_, predicted_class, with_version, now in compared:
        assert (stored, class_, with_version) == (predicted, predicted_class, version)
        assert now == version


def test_classify_with_set_where_and_variables(shop, broker):
    training, topic = broker.create_topic("training"), broker.create_topic("classify")
    broker.produce(training, as_csv(make_rows(5, 0, 2000)))
    shop.execute(f"CREATE PIPELINE train AS {streams.load_data(broker, training)} {TRAIN}; "
                 "START PIPELINE train")
    streams.wait_for_messages(shop, "train", 2000)
    shop.execute("STOP PIPELINE train")
    shop.execute("CREATE TABLE sure (id BIGINT, verdict VARCHAR, percent INT, doubled DOUBLE, "
                 "version BIGINT)")
    rows = make_rows(6, 0, 300)
    broker.produce(topic, [f"{id_},{age * 2},{city}" for id_, age, city, _ in rows])
    shop.execute(
        f"CREATE PIPELINE sure AS {streams.load_data(broker, topic)} CLASSIFY WITH MODEL clicks "
        "INTO TABLE sure FIELDS TERMINATED BY ',' (id, @twice, @town) "
        "SET age = CAST(@twice AS DOUBLE) / 2, city = CAST(@town AS INT), "
        "verdict = if(@class_id = 1, 'yes', 'no'), percent = round(100 * @probability), "
        "doubled = @twice, version = @model_version WHERE @probability > 0.7; START PIPELINE sure")
    streams.wait_for_messages(shop, "sure", 300)
    shop.execute("CREATE TABLE all_ (id BIGINT, age DOUBLE, city BIGINT)")
    shop.execute("INSERT INTO all_ VALUES " + ",".join(str(row[:3]) for row in rows))
    wanted = shop.rows("SELECT id, 'yes', CAST(round(100 * p) AS INT), age * 2, "
                       "(SELECT version FROM millrace.models) FROM (SELECT id, age, "
                       "predict('clicks', all_).probability AS p FROM all_) q WHERE p > 0.7 "
                       "ORDER BY id")
    assert 10 < len(wanted) < 290
    assert shop.rows("SELECT * FROM sure ORDER BY id") == wanted
    assert streams.rejects_of(shop, "sure") == {}


@pytest.mark.parametrize("value", ["nullif(@x, 'NA')", "coalesce(nullif(@x, 'NA'), '7')",
                                   "if(@x = 'NA', 7, @x + 0)", "@x"])
def test_set_may_make_a_feature_of_the_variable_of_its_name(shop, broker, value):
    shop.execute("CREATE MODEL m AS LinearRegressor(label => y, "
                 "feature_columns => [numeric_column(x, default_value => 7)])")
    taught, asked = broker.create_topic("taught"), broker.create_topic("asked")
    numbers = ["0.5", "NA" if value != "@x" else "", "3", " 2 "]
    broker.produce(taught, [f"{x},{y}" for y, x in enumerate(numbers)])
    broker.produce(asked, [f"{i},{x}" for i, x in enumerate(numbers)])
    shop.execute(f"CREATE PIPELINE learn AS {streams.load_data(broker, taught)} TRAIN MODEL m INTO "
                 f"TABLE ev FIELDS TERMINATED BY ',' (@x, @y) SET x = {value}, y = @y")
    shop.execute("START PIPELINE learn FOREGROUND")
    assert shop.rows("SELECT examples FROM ev") == [(4,)]
    shop.execute("CREATE TABLE t (id INT, x DECIMAL(10, 2), prediction DOUBLE)")
    shop.execute(f"CREATE PIPELINE ask AS {streams.load_data(broker, asked)} PREDICT WITH MODEL m "
                 f"INTO TABLE t FIELDS TERMINATED BY ',' (id, @x) "
                 f"SET x = {value}, prediction = @prediction")
    shop.execute("START PIPELINE ask FOREGROUND")
    assert streams.rejects_of(shop, "learn") == streams.rejects_of(shop, "ask") == {}
    null = "7" not in value
    assert [row[0] and float(row[0]) for row in shop.rows("SELECT x FROM t ORDER BY id")] == [
        0.5, None if null else 7, 3, 2]
    assert shop.rows("SELECT max(abs(prediction - predict('m', r).prediction)) < 1e-6 FROM "
                     "(SELECT prediction, coalesce(x, 7)::DOUBLE AS x FROM t) r") == [(1,)]


def test_rows_a_model_cannot_use_are_rejects(shop, broker):
    topic = broker.create_topic("unusable")
    broker.produce(topic, ["1,0.5,3,1", "2,0.5,10,1", "3,,3,1", "4,0.5,3,2", "5,0.5,3,", "6,1,1,0"])
    shop.execute("CREATE TABLE results (id BIGINT, age DOUBLE, city BIGINT, probability DOUBLE)")
    shop.execute(f"CREATE PIPELINE train AS {streams.load_data(broker, topic)} {TRAIN}; "
                 f"CREATE PIPELINE classify AS {streams.load_data(broker, topic)} "
                 "CLASSIFY WITH MODEL clicks INTO TABLE results FIELDS TERMINATED BY ',' "
                 "(id, age, city, @skip); START ALL PIPELINES")
    for pipeline in ("train", "classify"):
        streams.wait_for_messages(shop, pipeline, 6)
    assert streams.rejects_of(shop, "train") == {
        (0, 1): "bad-feature", (0, 2): "bad-feature", (0, 3): "bad-label", (0, 4): "bad-label"}
    assert streams.rejects_of(shop, "classify") == {(0, 1): "bad-feature", (0, 2): "bad-feature"}
    assert shop.value("SELECT examples FROM evaluation") == 2
    assert [row[0] for row in shop.rows("SELECT id FROM results ORDER BY id")] == [1, 4, 5, 6]
    for pipeline in ("train", "classify"):
        streams.check_batch_log(shop, pipeline, broker.offsets(topic))


def test_a_model_has_one_writer_and_may_change_it(shop, broker):
    topic = broker.create_topic("writers")
    broker.produce(topic, as_csv(make_rows(8, 0, 500)))
    for name in ("one", "two"):
        shop.execute(f"CREATE PIPELINE {name} AS {streams.load_data(broker, topic)} "
                     f"{TRAIN.replace('evaluation', 'evaluation_' + name)}")
    shop.execute("START PIPELINE one")
    streams.wait_for_messages(shop, "one", 500)
    shop.expect_error("START PIPELINE two", "trained by another pipeline")
    shop.execute("STOP PIPELINE one")
    shop.execute("START PIPELINE two")
    streams.wait_for_messages(shop, "two", 500)
    shop.execute("STOP PIPELINE two; DROP PIPELINE one")
    assert shop.value("SELECT examples FROM millrace.models") == 1000
    assert shop.value("SELECT examples FROM evaluation_two") == 1000
    checksum = streams.newest_snapshot(shop, "clicks")
    assert len(checksum[1]) == 64
