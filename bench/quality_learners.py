#!/usr/bin/env python3
"""Vowpal Wabbit and River on the rows of bench/quality: one pass in their order, then the test.
Runs under .deps/bench-venv; reads a job from stdin, prints a list of figures, both as JSON.

Each has its defaults and a few other settings. Rates are of what a user calls: vw reads text in its
own loop, River gets one dictionary a row from Python. Reading the CSV is in neither.
"""

import csv
import json
import math
import pathlib
import sys
import tempfile
import time

from river import compose, forest, linear_model, optim, preprocessing, tree
from vowpalwabbit import Workspace

PASSES_TIMED = 3  # of vw, which is through before its clock has ticked often
PROBABILITY_MIN = 1e-7

# `-q ::` crosses every two columns.
VW_SETTINGS = ["", "-l 0.1", "-q ::", "-q :: -l 0.1", "--ftrl", "--ftrl -q ::"]


def mean(values):
    return sum(values) / len(values)


def auc(labels, scores):
    """The area under the curve, exactly: by ranks, ties in the middle."""
    ordered = sorted(zip(scores, labels))
    rank_sum, begin = 0.0, 0
    while begin < len(ordered):
        end = begin
        while end < len(ordered) and ordered[end][0] == ordered[begin][0]:
            end += 1
        rank_sum += (begin + end + 1) / 2 * sum(label for _, label in ordered[begin:end])
        begin = end
    ones = sum(labels)
    return (rank_sum - ones * (ones + 1) / 2) / (ones * (len(labels) - ones))


def log_loss(labels, probabilities):
    clipped = [min(max(p, PROBABILITY_MIN), 1 - PROBABILITY_MIN) for p in probabilities]
    return mean([-math.log(p if label else 1 - p) for label, p in zip(labels, clipped)])


def figures_of(labels, probabilities):
    return {"auc": auc(labels, probabilities),
            "accuracy": mean([(p > 0.5) == bool(label)
                              for label, p in zip(labels, probabilities)]),
            "average_loss": log_loss(labels, probabilities)}


def read(job, file):
    """[({column: number or text}, label)]; numbers are scaled as they are for the other learners,
    and a text that is empty is left out."""
    with open(file, newline="", encoding="utf-8") as lines:
        rows = []
        for fields in csv.reader(lines):
            row, label = {}, None
            for (column, default), field in zip(job["columns"].items(), fields):
                if column == job["label"]:
                    label = int(field)
                elif default != "text":
                    center, deviation = job["scale"][column]
                    row[column] = (float(field or default) - center) / deviation
                elif field:
                    row[column] = field
            rows.append((row, label))
    return rows


# --- Vowpal Wabbit --------------------------------------------------------------------------------


def vw_line(row, label):
    words = []
    for column, field in row.items():
        if isinstance(field, str):
            clean = "".join("_" if byte in " :|\t" else byte for byte in field)
            words.append(f"{column}={clean}")
        else:
            words.append(f"{column}:{field!r}")
    return f"{1 if label else -1} | {' '.join(words)}\n"


def vw_write(file, rows):
    file.write_text("".join(vw_line(row, label) for row, label in rows), encoding="utf-8")


def vw_seconds(arguments):
    """The least time of several runs: the whole run, as a command line has it."""
    best = math.inf
    for _ in range(PASSES_TIMED):
        begin = time.process_time()
        model = Workspace(arguments)
        best = min(best, time.process_time() - begin)
        model.finish()
    return best


def vowpal_wabbit(train, test, folder):
    files = {"train": folder / "train.vw", "test": folder / "test.vw", "one": folder / "one.vw"}
    for name, rows in (("train", train), ("test", test), ("one", train[:1])):
        vw_write(files[name], rows)
    model, answers = folder / "model.vw", folder / "answers"
    for setting in VW_SETTINGS:
        learn = f"{setting} --loss_function logistic -b 22 --holdout_off --quiet -d"
        rows = f"{learn} {files['train']}"
        start_seconds = vw_seconds(f"{learn} {files['one']}")
        seconds = vw_seconds(rows) - start_seconds
        learned = Workspace(f"{rows} -f {model}")
        prequential = learned.get_sum_loss() / learned.get_weighted_examples()
        learned.finish()
        Workspace(f"-t -i {model} --quiet -d {files['test']} --link logistic "
                  f"-p {answers}").finish()
        probabilities = [float(line) for line in answers.read_text().split()]
        yield {"learner": f"Vowpal Wabbit, {setting or 'defaults'}",
               "prequential_loss": prequential, "rows_per_second": round(len(train) / seconds),
               **figures_of([label for _, label in test], probabilities)}


# --- River ----------------------------------------------------------------------------------------


def river_linear(optimizer):
    return ((compose.SelectType(float) | preprocessing.StandardScaler())
            + (compose.SelectType(str) | preprocessing.OneHotEncoder())
            | linear_model.LogisticRegression(optimizer))


def river_models():
    return {
        "LogisticRegression": river_linear(optim.SGD(0.01)),  # its default optimizer
        "LogisticRegression, AdaGrad": river_linear(optim.AdaGrad(0.1)),
        "LogisticRegression, Adam": river_linear(optim.Adam(0.01)),
        "HoeffdingTreeClassifier": tree.HoeffdingTreeClassifier(),
        "ARFClassifier": forest.ARFClassifier(seed=1)}


def river(train, test):
    for name, model in river_models().items():
        seen = []
        begin = time.process_time()
        for row, label in train:
            seen.append(model.predict_proba_one(row).get(1, 0.0))
            model.learn_one(row, label)
        seconds = time.process_time() - begin
        labels = [label for _, label in test]
        answers = [model.predict_proba_one(row).get(1, 0.0) for row, _ in test]
        yield {"learner": f"River, {name}", "rows_per_second": round(len(train) / seconds),
               "prequential_loss": log_loss([label for _, label in train], seen),
               **figures_of(labels, answers)}


def main():
    job = json.load(sys.stdin)
    train, test = read(job, job["train"]), read(job, job["test"])
    with tempfile.TemporaryDirectory(prefix="millrace-learners-") as folder:
        made = list(vowpal_wabbit(train, test, pathlib.Path(folder)))
    print(json.dumps(made + list(river(train, test))))


if __name__ == "__main__":
    main()
