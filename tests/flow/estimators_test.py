# ctest: kafka
"""Each of the six estimators from CREATE MODEL to its predictions, in every statement that takes
a model: TRAIN, CLASSIFY and PREDICT pipelines, predict(), TRAIN and EVALUATE MODEL ... ON."""

import random

import pytest

from lib import streams

LINEAR = """[numeric_column(age), categorical_column_with_identity(city, 10),
  bucketized_column(age, boundaries => [-1, 0, 1]),
  categorical_column_with_vocabulary_list(plan, ['free', 'paid']),
  crossed_column([plan, city], 20)]"""
LAYERS = """[numeric_column(age),
  indicator_column(categorical_column_with_vocabulary_list(plan, ['free', 'paid'])),
  embedding_column(categorical_column_with_identity(city, 10), 3)]"""
ESTIMATORS = {
    "LinearClassifier": f"feature_columns => {LINEAR}, optimizer => Ftrl(learning_rate => 0.2)",
    "LinearRegressor": f"feature_columns => {LINEAR}, optimizer => Ftrl(learning_rate => 0.2)",
    "DNNClassifier": f"feature_columns => {LAYERS}, hidden_units => [16, 8], "
                     "optimizer => Adam(learning_rate => 0.01)",
    "DNNRegressor": f"feature_columns => {LAYERS}, hidden_units => [16, 8], "
                    "optimizer => Adam(learning_rate => 0.01)",
    "DNNLinearCombinedClassifier":
        f"linear_feature_columns => {LINEAR}, dnn_feature_columns => {LAYERS}, "
        "dnn_hidden_units => [16, 8], linear_optimizer => Ftrl(learning_rate => 0.1), "
        "dnn_optimizer => Adagrad(learning_rate => 0.05), dnn_dropout => 0.1",
    "DNNLinearCombinedRegressor":
        f"linear_feature_columns => {LINEAR}, dnn_feature_columns => {LAYERS}, "
        "dnn_hidden_units => [16, 8], linear_optimizer => Ftrl(learning_rate => 0.1), "
        "dnn_optimizer => RMSprop(learning_rate => 0.005), batch_norm => true",
}
CLASSIFIERS = [name for name in ESTIMATORS if name.endswith("Classifier")]
ROWS = 4000
FIELDS = "FIELDS TERMINATED BY ','"


def make_rows(seed, first, count, regression):
    """[(id, age, city, plan, target)] with a pattern that all six can find."""
    random_ = random.Random(seed)
    rows = []
    for number in range(first, first + count):
        age, city = random_.randrange(-64, 64) / 32, random_.randrange(10)
        plan = random_.choice(["free", "paid"])
        score = age + (1 if city < 5 else -1) + (0.5 if plan == "paid" else -0.5)
        noisy = score + random_.gauss(0, 0.3)
        rows.append((number, age, city, plan, round(noisy, 4) if regression else int(noisy > 0)))
    return rows


def as_csv(rows):
    return [",".join(str(value) for value in row) for row in rows]


def evaluation(session, statement):
    with session.connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall()
        assert len(rows) == 1
        return dict(zip([column[0] for column in cursor.description], rows[0]))


def is_good(metrics, regression):
    """Whether it learned the pattern: targets have a variance of about 2.7, and half the labels are
    1. How well depends on where batches are cut, above all with batch_norm."""
    return metrics["average_loss"] < 0.8 if regression else metrics["accuracy"] > 0.8


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_works_in_every_statement(session, broker, estimator):
    regression = estimator not in CLASSIFIERS
    word = "PREDICT" if regression else "CLASSIFY"
    answer = "prediction" if regression else "probability"
    session.execute(
        f"CREATE DATABASE shop; USE shop; CREATE MODEL m AS {estimator}(label => target, "
        f"{ESTIMATORS[estimator]}, batch_size => 32, seed => 7); "
        "CREATE TABLE history (id BIGINT, age DOUBLE, city BIGINT, plan VARCHAR(10), "
        f"target DOUBLE); CREATE TABLE results (id BIGINT, age DOUBLE, city BIGINT, plan TEXT, "
        f"{answer} DOUBLE, model_version BIGINT)")
    history = make_rows(1, 0, ROWS, regression)
    for begin in range(0, ROWS, 1000):
        session.execute("INSERT INTO history VALUES "
                        + ",".join(str(row) for row in history[begin:begin + 1000]))

    # From a query.
    trained = evaluation(session, "TRAIN MODEL m ON SELECT * FROM history ORDER BY id")
    assert trained["examples"] == ROWS and trained["global_step"] == ROWS // 32
    # From a topic, on top of that.
    training, questions = broker.create_topic("training"), broker.create_topic("questions")
    broker.produce(training, as_csv(make_rows(2, ROWS, ROWS, regression)))
    session.execute(
        f"CREATE PIPELINE train AS {streams.load_data(broker, training)} TRAIN MODEL m "
        f"INTO TABLE evaluation {FIELDS} (id, age, city, plan, target); START PIPELINE train")
    streams.wait_for_messages(session, "train", ROWS)
    session.execute("STOP PIPELINE train")
    shown = session.rows("SELECT examples, average_loss FROM evaluation")
    assert shown[0][0] == 2 * ROWS
    assert shown[0][1] < trained["average_loss"], (shown, trained)
    assert session.value("SELECT examples FROM millrace.models") == 2 * ROWS

    # New rows: evaluated, asked in SELECT, and scored on their way into a table.
    fresh = make_rows(3, 0, 1000, regression)
    session.execute("DELETE FROM history; INSERT INTO history VALUES "
                    + ",".join(str(row) for row in fresh))
    metrics = evaluation(session, "EVALUATE MODEL m ON SELECT * FROM history ORDER BY id")
    assert is_good(metrics, regression), metrics
    broker.produce(questions, as_csv(fresh))
    session.execute(
        f"CREATE PIPELINE answer AS {streams.load_data(broker, questions)} {word} WITH MODEL m "
        f"INTO TABLE results {FIELDS} (id, age, city, plan, @skip); START PIPELINE answer")
    streams.wait_for_messages(session, "answer", len(fresh))
    version = session.value("SELECT version FROM millrace.models")
    answers = session.rows(f"SELECT r.{answer}, predict('m', h).{answer}, r.model_version, "
                           "h.target FROM history h JOIN results r ON h.id = r.id ORDER BY h.id")
    assert len(answers) == len(fresh)
    assert all(scored == asked and by == version for scored, asked, by, _ in answers)
    # EVALUATE says of these rows what the predictions say.
    predicted = [float(row[0]) for row in answers]
    targets = [float(row[3]) for row in answers]
    assert metrics["prediction/mean"] == pytest.approx(sum(predicted) / 1000, abs=1e-5)
    if regression:
        loss = sum((p - t) ** 2 for p, t in zip(predicted, targets)) / 1000
        assert metrics["average_loss"] == pytest.approx(loss, rel=1e-4)
    else:
        hits = sum((p > 0.5) == (t == 1) for p, t in zip(predicted, targets))
        assert metrics["accuracy"] == pytest.approx(hits / 1000, abs=1e-9)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_is_the_same_after_a_restart(make_server, estimator):
    """And a statement that goes on after it ends in the bytes of one that never was interrupted."""
    regression = estimator not in CLASSIFIERS
    rows = make_rows(4, 0, 500, regression)

    def life(server, restarts):
        session = server.start().connect()
        session.execute(
            f"CREATE DATABASE shop; USE shop; CREATE MODEL m AS {estimator}(label => target, "
            f"{ESTIMATORS[estimator]}, batch_size => 32); CREATE TABLE history (id BIGINT, "
            "age DOUBLE, city BIGINT, plan TEXT, target DOUBLE); INSERT INTO history VALUES "
            + ",".join(str(row) for row in rows))
        for begin in range(0, 500, 100):
            session.execute(f"TRAIN MODEL m ON SELECT * FROM history WHERE id >= {begin} "
                            f"AND id < {begin + 100} ORDER BY id")
            if restarts:
                server.kill()
                session = server.start().connect(database="shop")
        return streams.newest_snapshot(session, "m")

    kept = life(make_server("interrupted"), True)
    assert kept == life(make_server("uninterrupted"), False)
    assert kept[0] == 5


def test_several_classes_and_several_labels(session):
    session.execute("CREATE DATABASE shop; USE shop; CREATE TABLE history AS SELECT i AS id, "
                    "(i * 7919 % 300) / 100.0 AS age, ['low', 'mid', 'high'][1 + "
                    "(i * 7919 % 300) // 100] AS size, age * 2 AS target_0, 1 - age AS target_1 "
                    "FROM range(6000) r(i)")
    session.execute("CREATE MODEL sizes AS DNNClassifier(label => size, n_classes => 3, "
                    "label_vocabulary => ['low', 'mid', 'high'], feature_columns => "
                    "[bucketized_column(age, boundaries => [0.5, 1, 1.5, 2, 2.5])], "
                    "hidden_units => [8], optimizer => Adam(learning_rate => 0.05))")
    session.execute("CREATE MODEL both AS LinearRegressor(label => target, label_dimension => 2, "
                    "feature_columns => [numeric_column(age)], "
                    "optimizer => Adam(learning_rate => 0.1), batch_size => 16)")
    for model in ("sizes", "both"):
        trained = evaluation(session, f"TRAIN MODEL {model} ON SELECT * FROM history ORDER BY id")
        assert trained["examples"] == 6000
    sizes = evaluation(session, "EVALUATE MODEL sizes ON SELECT * FROM history")
    assert sizes["accuracy"] == 1.0
    assert {"accuracy", "average_loss", "loss"} < set(sizes) and "auc" not in sizes
    assert session.rows("SELECT DISTINCT predict('sizes', h).class = size FROM history h") == [(1,)]
    both = evaluation(session, "EVALUATE MODEL both ON SELECT * FROM history")
    assert both["average_loss"] < 0.01
