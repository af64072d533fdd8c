"""What the rows of bench/end_to_end are, in SQL: those of kafka_bench (bench/dating_rows.h), the
model that learns them and the pipelines that read them."""

import json

FIELDS = 48


def is_decimal(field):
    return field % 12 == 0


def columns():
    """(name, SQL type) of the rows of kafka_bench: id, time of sending, label, features."""
    named = [("id", "BIGINT"), ("sent", "BIGINT"), ("match", "TINYINT")]
    return named + [(f"f{i}", "DOUBLE" if is_decimal(i) else "INT") for i in range(3, FIELDS)]


def feature_columns():
    """45 features as the founding example has them: numbers, buckets, hashes and crosses."""
    def bucketized(i):
        return f"bucketized_column(f{i}, boundaries => [10, 25, 50, 75, 90])"

    listed = []
    for i in range(3, FIELDS):
        if i % 12 == 9:
            listed.append(bucketized(i))
        elif i % 12 == 5:
            listed.append(f"categorical_column_with_hash_bucket(f{i}, 100)")
        else:
            listed.append(f"numeric_column(f{i})")
    listed.append(f"crossed_column([{bucketized(9)}, {bucketized(21)}], 64)")
    listed.append(f"crossed_column([{bucketized(33)}, {bucketized(45)}], 64)")
    return ",\n    ".join(listed)


def create_model(name):
    return (f"CREATE MODEL {name} AS LinearClassifier(label => match, feature_columns => [\n"
            f"    {feature_columns()}], optimizer => Ftrl(learning_rate => 0.2), "
            "batch_size => 128)")


def avro_schema():
    kinds = {"BIGINT": "long", "TINYINT": "int", "INT": "int", "DOUBLE": "double"}
    return json.dumps({"type": "record", "name": "row", "fields": [
        {"name": column, "type": kinds[kind]} for column, kind in columns()]})


def read_as(kind):
    """The clause that says what a message is, and its fields."""
    if kind == "csv":
        return f"FIELDS TERMINATED BY ',' ({', '.join(column for column, _ in columns())})"
    paths = ", ".join(f"{column} <- {column}" for column, _ in columns())
    schema = f" SCHEMA '{avro_schema()}'" if kind == "avro" else ""
    return f"FORMAT {kind.upper()} ({paths}){schema}"


def create_pipeline(name, broker, topic, step, table, fields=None):
    return (f"CREATE PIPELINE {name} AS LOAD DATA KAFKA '{broker.address}/{topic}' {step} "
            f"INTO TABLE {table} {fields or read_as('csv')}")


def shaped_fields():
    """Of CSV: a column that the model reads and two of the table are computed; all rows pass."""
    raw = read_as("csv").replace(" f5,", " @f5,")
    return (f"{raw} SET f5 = CAST(@f5 AS INT) % 7 + 1, class_id = @class_id, "
            "probability = round(@probability, 6), model_version = @model_version "
            "WHERE f9 < 1000 AND id >= 0")


def create_table(name, more=()):
    listed = ", ".join(f"{column} {kind}" for column, kind in [*columns(), *more])
    return f"CREATE TABLE {name} ({listed})"


PREDICTIONS = (("class_id", "TINYINT"), ("probability", "DOUBLE"), ("model_version", "BIGINT"))
