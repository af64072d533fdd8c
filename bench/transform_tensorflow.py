#!/usr/bin/env python3
"""The program of bench/transform, as one for SingleStore's WITH TRANSFORM: reads framed messages to
the end of stdin, learns them with tf.estimator (its state is in the model_dir of the call before),
and writes the evaluation; or predicts them and writes a row for each.

    transform_tensorflow.py {train|classify} MODEL_DIR
"""

import os
import struct
import sys

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

tf.get_logger().setLevel("ERROR")
fc = tf.feature_column


def input_stream():
    while True:
        head = sys.stdin.buffer.read(8)
        if len(head) != 8:
            return
        yield sys.stdin.buffer.read(struct.unpack("L", head)[0])


def estimator(model_dir):
    columns = [fc.numeric_column("age"), fc.numeric_column("income"),
               fc.categorical_column_with_hash_bucket("city", 100),
               fc.categorical_column_with_hash_bucket("device", 20),
               fc.crossed_column(["city", "device"], 500)]
    config = tf.estimator.RunConfig(tf_random_seed=1, save_summary_steps=10**9,
                                    log_step_count_steps=None, save_checkpoints_secs=10**6,
                                    keep_checkpoint_max=1)
    return tf.estimator.LinearClassifier(
        columns, model_dir=model_dir, config=config,
        optimizer=tf.keras.optimizers.legacy.Ftrl(learning_rate=0.2))


def main():
    verb, model_dir = sys.argv[1:]
    rows = [message.split(b",") for message in input_stream()]
    ids, labels, ages, incomes, cities, devices = zip(*rows)
    features = {"age": np.array(ages, np.float32), "income": np.array(incomes, np.float32),
                "city": np.array(cities, object), "device": np.array(devices, object)}
    labels = np.array(labels, np.int64)

    def input_fn():
        return tf.data.Dataset.from_tensor_slices((features, labels)).batch(128).prefetch(2)

    model = estimator(model_dir)
    if verb == "train":
        model.train(input_fn)
        measured = model.evaluate(input_fn)
        print(measured["global_step"], measured["accuracy"], measured["auc"], sep=",")
        return
    for number, label, predicted in zip(ids, labels, model.predict(input_fn)):
        print(number.decode(), label, predicted["probabilities"][1], sep=",")


if __name__ == "__main__":
    main()
