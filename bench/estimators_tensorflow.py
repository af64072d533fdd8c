#!/usr/bin/env python3
"""The DNN of bench/estimators in tf.estimator: learns adult.data, again and again, and prints rows
per second of CPU time: from CSV (TextLineDataset, batch, decode_csv), from batches that are decoded
already, and from a Python generator of rows, as a script gets them that a database feeds. Runs
under .deps/tf-venv (TensorFlow 2.15.1):

    .deps/tf-venv/bin/python3 bench/estimators_tensorflow.py FILE
"""

import csv
import json
import os
import sys
import tempfile
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf  # noqa: E402

tf.get_logger().setLevel("ERROR")
fc = tf.feature_column

BATCH_ROWS = 128
STEPS_BEFORE = 100
NUMBERS = ["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"]
NAMES = ["age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation",
         "relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week",
         "native_country", "income"]


def columns():
    numbers = [fc.numeric_column(name) for name in NUMBERS]
    categories = [fc.categorical_column_with_hash_bucket(name, 1000)
                  for name in NAMES[:-1] if name not in NUMBERS]
    return numbers + [fc.embedding_column(category, 8) for category in categories]


def decode(lines):
    features = dict(zip(NAMES, tf.io.decode_csv(lines, [[0.0] if name in NUMBERS else [""]
                                                        for name in NAMES])))
    return features, features.pop("income")


def batches(file):
    lines = tf.data.TextLineDataset(file).skip(1).filter(lambda line: line != "")
    return lines.batch(BATCH_ROWS, drop_remainder=True).map(decode)


def generated(file):
    """The rows one by one, as csv.reader splits them."""
    types = {name: tf.float32 if name in NUMBERS else tf.string for name in NAMES[:-1]}

    def rows():
        with open(file, newline="") as lines:
            next(lines)
            for row in csv.reader(lines):
                if row:
                    yield {name: float(field) if name in NUMBERS else field
                           for name, field in zip(NAMES[:-1], row)}, row[-1]

    dataset = tf.data.Dataset.from_generator(
        rows, (types, tf.string), ({name: tf.TensorShape([]) for name in types},
                                   tf.TensorShape([])))
    return dataset.batch(BATCH_ROWS, drop_remainder=True)


class Watch(tf.estimator.SessionRunHook):
    """CPU time of all steps but the first."""

    def __init__(self):
        self._steps = 0

    def after_run(self, context, values):
        self._steps += 1
        if self._steps == STEPS_BEFORE:
            self._begin = time.process_time()
        self.seconds = time.process_time() - getattr(self, "_begin", 0)


def rows_per_second(input_fn, steps):
    one_thread = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1,
                                          inter_op_parallelism_threads=1)
    watch = Watch()
    with tempfile.TemporaryDirectory(prefix="millrace-tensorflow-") as folder:
        made = tf.estimator.DNNClassifier(
            [64, 32], columns(), model_dir=folder, optimizer="Adagrad",
            label_vocabulary=[" <=50K", " >50K"],
            config=tf.estimator.RunConfig(
                save_summary_steps=10**9, log_step_count_steps=None, save_checkpoints_secs=10**6,
                session_config=one_thread))
        made.train(input_fn, steps=STEPS_BEFORE + steps, hooks=[watch])
    return round(steps * BATCH_ROWS / watch.seconds)


def main():
    file = sys.argv[1]
    figures = {
        "CSV": rows_per_second(lambda: batches(file).repeat().prefetch(1), 1500),
        "decoded": rows_per_second(lambda: batches(file).cache().repeat().prefetch(1), 3000),
        "generator": rows_per_second(lambda: generated(file).repeat().prefetch(1), 300)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
