#!/usr/bin/env python3
"""One model of bench/quality in tf.estimator: learns a file once, in its order, and evaluates
another. Runs under .deps/tf-venv (TensorFlow 2.15.1); reads a job from stdin, prints figures, both
as JSON. The file is read as TensorFlow's users do: TextLineDataset, batch, decode_csv.
"""

import json
import os
import sys
import tempfile
import time

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

tf.get_logger().setLevel("ERROR")
fc = tf.feature_column


def column(said):
    kind = said["type"]
    if kind == "numeric":
        return fc.numeric_column(
            said["key"], normalizer_fn=lambda x: (x - said["mean"]) / said["deviation"])
    if kind == "bucketized":
        return fc.bucketized_column(fc.numeric_column(said["key"]), said["boundaries"])
    if kind == "hashed":
        return fc.categorical_column_with_hash_bucket(said["key"], said["buckets"])
    if kind == "vocabulary":
        return fc.categorical_column_with_vocabulary_list(said["key"], said["words"])
    if kind == "crossed":
        keys = [key if isinstance(key, str) else column(key) for key in said["keys"]]
        return fc.crossed_column(keys, said["buckets"])
    if kind == "indicator":
        return fc.indicator_column(column(said["of"]))
    return fc.embedding_column(column(said["of"]), said["dimension"])


def optimizer(said):
    name, rate = said
    return getattr(tf.keras.optimizers.legacy, name)(learning_rate=rate)


def estimator(name, model, folder):
    one_thread = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1,
                                          inter_op_parallelism_threads=1)
    given = {"model_dir": folder, "config": tf.estimator.RunConfig(
        tf_random_seed=1, save_summary_steps=10**9, log_step_count_steps=None,
        save_checkpoints_secs=10**6, session_config=one_thread)}
    prefix = {"linear": "", "deep": ""}
    if name == "DNNLinearCombinedClassifier":
        prefix = {"linear": "linear_", "deep": "dnn_"}
    if "linear" in model:
        given[prefix["linear"] + "feature_columns"] = [column(one) for one in model["linear"]]
        given[prefix["linear"] + "optimizer"] = optimizer(model["linear_optimizer"])
    if "deep" in model:
        given[prefix["deep"] + "feature_columns"] = [column(one) for one in model["deep"]]
        given[prefix["deep"] + "optimizer"] = optimizer(model["dnn_optimizer"])
        given[prefix["deep"] + "hidden_units"] = model["hidden_units"]
    return getattr(tf.estimator, name)(**given)


def input_fn(job, file):
    names = list(job["columns"])
    defaults = [[""] if default == "text" else [float(default)]
                for default in job["columns"].values()]
    # Only what the model reads, as in its feature columns.
    used = json.dumps(job["model"])

    def decode(lines):
        features = dict(zip(names, tf.io.decode_csv(lines, defaults)))
        label = features.pop(job["label"])
        return {name: field for name, field in features.items() if f'"{name}"' in used}, label

    return lambda: tf.data.TextLineDataset(file).batch(job["batch_rows"]).map(decode).prefetch(1)


class Start(tf.estimator.SessionRunHook):
    """Sets the first weights, and takes the time of all steps but the first."""

    def __init__(self, initial):
        self._initial = initial
        self._steps = 0
        self.seconds = 0

    def begin(self):
        self._variables = {variable.op.name: variable
                           for variable in tf.compat.v1.trainable_variables()}

    def after_create_session(self, session, coord):
        strangers = set(self._initial) - set(self._variables)
        if strangers:
            raise ValueError(f"TensorFlow has no variables {sorted(strangers)}")
        for name, variable in self._variables.items():
            values = np.zeros(variable.shape, np.float32)
            if values.size and name.endswith(("/kernel", "/embedding_weights")) \
                    and len(self._initial.get(name, [])) != values.size:
                raise ValueError(f"{name} has {values.size} elements, of which "
                                 f"{len(self._initial.get(name, []))} were given")
            for place, value in self._initial.get(name, []):
                values[tuple(place)] = value
            variable.load(values, session)

    def after_run(self, context, values):
        if self._steps == 0:
            self._begin = time.monotonic()
        self._steps += 1
        self.seconds = time.monotonic() - self._begin


def main():
    job = json.load(sys.stdin)
    with tempfile.TemporaryDirectory(prefix="millrace-tensorflow-") as folder:
        made = estimator(job["estimator"], job["model"], folder)
        start = Start(job["initial"])
        made.train(input_fn(job, job["train"]), hooks=[start])
        measured = made.evaluate(input_fn(job, job["test"]))
    figures = {name: float(measured[name]) for name in ("auc", "accuracy", "average_loss")}
    figures["global_step"] = int(measured["global_step"])
    figures["rows_per_second"] = round((job["rows"] - job["batch_rows"]) / start.seconds)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
