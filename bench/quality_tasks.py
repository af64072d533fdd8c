"""What bench/quality lets every learner learn: rows, columns and models, said once for all of them.

A row is a line of CSV: the same bytes go to Kafka, to TensorFlow's decode_csv, and to whoever else
learns. Models are plain objects that each side spells in its own words.
"""

import csv
import io
import statistics

BATCH_ROWS = 128
TEXT = "text"  # in the place of a column's default: the column is a text
LABEL = "label"

ADULT_NUMBERS = {"age": 0, "fnlwgt": 2, "education_num": 4, "capital_gain": 10,
                 "capital_loss": 11, "hours_per_week": 12}
ADULT_TEXTS = {"workclass": 1, "education": 3, "marital_status": 5, "occupation": 6,
               "relationship": 7, "race": 8, "sex": 9, "native_country": 13}
ADULT_LABEL = 14

DATING_NUMBERS = [
    "int_corr", "age", "age_o", "attr", "sinc", "intel", "fun", "amb", "shar", "like", "prob",
    "pf_o_att", "pf_o_sin", "pf_o_int", "pf_o_fun", "pf_o_amb", "pf_o_sha", "attr1_1", "sinc1_1",
    "intel1_1", "fun1_1", "amb1_1", "shar1_1", "imprace", "imprelig"]
DATING_TEXTS = ["gender", "race", "race_o", "samerace", "goal", "date", "go_out", "field_cd",
                "career_c", "field"]
DATING_WAVES_LEARNED = 14

DEEP_OPTIMIZER = ("Adagrad", 0.05)


class Task:
    """One data set: `train` and `test` are lists of lines, `columns` {name: TEXT or the default}
    in the order of their fields, `models` {name: model}; `plain` is the linear columns of a user
    who knows nothing of the data's scale."""

    def __init__(self, name, numbers, texts, train, test):
        self.name = name
        self.scale = {column: scale_of(row[i] for row in train)
                      for i, column in enumerate(numbers)}
        # What is missing counts as the mean: 0 behind the normalizer.
        self.columns = {column: self.scale[column][0] for column in numbers}
        self.columns.update({column: TEXT for column in texts})
        self.columns[LABEL] = 0
        self.train = [as_line(row) for row in train]
        self.test = [as_line(row) for row in test]

    def number(self, column):
        mean, deviation = self.scale[column]
        return {"type": "numeric", "key": column, "missing": mean, "mean": mean,
                "deviation": deviation}

    def numbers(self):
        return [self.number(column) for column in self.scale]

    def standardized(self):
        """The numbers, whose scale is learned with the model."""
        return [{"type": "standard", "key": column, "missing": self.scale[column][0]}
                for column in self.scale]

    def ranges(self, column, boundaries):
        return {"type": "bucketized", "key": column, "missing": self.scale[column][0],
                "boundaries": boundaries}


def scale_of(fields):
    """Mean and deviation of the numbers among the fields, with few digits."""
    numbers = [float(field) for field in fields if field]
    return round(statistics.fmean(numbers), 2), round(statistics.pstdev(numbers), 2)


def as_line(row):
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(row)
    return line.getvalue()


def hashed(column, buckets=1000):
    return {"type": "hashed", "key": column, "buckets": buckets}


def crossed(keys, buckets):
    return {"type": "crossed", "keys": keys, "buckets": buckets}


def embedding(column, buckets, dimension):
    return {"type": "embedding", "of": hashed(column, buckets), "dimension": dimension}


def indicator(column, words):
    return {"type": "indicator", "of": {"type": "vocabulary", "key": column, "words": words}}


def indicators(task, rows, columns):
    """Each column with the words that the rows have, in the alphabet's order."""
    at = {column: list(task.columns).index(column) for column in columns}
    return [indicator(column, sorted({row[at[column]] for row in rows} - {""}))
            for column in columns]


def three_models(wide, deep, hidden_units):
    return {
        "LinearClassifier": {"linear": wide, "linear_optimizer": ("Ftrl", 0.2)},
        "DNNClassifier": {"deep": deep, "hidden_units": hidden_units,
                          "dnn_optimizer": DEEP_OPTIMIZER},
        "DNNLinearCombinedClassifier": {
            "linear": wide, "linear_optimizer": ("Ftrl", 0.05),
            "deep": deep, "hidden_units": hidden_units, "dnn_optimizer": DEEP_OPTIMIZER}}


# --- UCI Adult ------------------------------------------------------------------------------------


def read_adult(file):
    """The rows of adult.data or adult.test: a heading, then fields behind a comma and a space;
    labels of the test end with a full stop."""
    with open(file, newline="", encoding="ascii") as lines:
        rows = [[field.strip() for field in row] for row in csv.reader(lines) if row][1:]
    places = [*ADULT_NUMBERS.values(), *ADULT_TEXTS.values()]
    return [[*(row[place] for place in places), int(row[ADULT_LABEL].startswith(">"))]
            for row in rows]


def adult(folder):
    train = read_adult(folder / "adult" / "adult.data")
    test = read_adult(folder / "adult" / "adult.test")
    task = Task("adult", list(ADULT_NUMBERS), list(ADULT_TEXTS), train, test)
    ages = task.ranges("age", [18, 25, 30, 35, 40, 45, 50, 55, 60, 65])
    wide = [*task.numbers(), *(hashed(column) for column in ADULT_TEXTS), ages,
            crossed(["education", "occupation"], 1000),
            crossed(["marital_status", "occupation"], 1000),
            crossed([ages, "education", "occupation"], 10000)]
    task.plain = [*task.standardized(), *(column for column in wide if column["type"] != "numeric"),
                  task.ranges("hours_per_week", [20, 30, 36, 40, 45, 50, 60]),
                  task.ranges("capital_gain", [1, 3000, 4000, 5000, 7000, 10000, 20000]),
                  task.ranges("capital_loss", [1, 1500, 1700, 1850, 1900, 2000, 2200])]
    deep = [*task.numbers(),
            *indicators(task, train, ["workclass", "education", "marital_status", "relationship",
                                      "race", "sex"]),
            embedding("occupation", 50, 4), embedding("native_country", 100, 4)]
    task.models = three_models(wide, deep, [64, 32])
    return task


# --- Speed dating ---------------------------------------------------------------------------------


def dating(folder):
    """A couple's answers before the date and one side's ratings after it; the last waves are the
    test. Columns that are the outcome by another name (dec, dec_o) are not among them."""
    file = folder / "speed_dating" / "Speed Dating Data.csv"
    with open(file, newline="", encoding="latin-1") as lines:
        couples = list(csv.DictReader(lines))
    rows = {True: [], False: []}
    for couple in couples:
        row = [couple[column] for column in DATING_NUMBERS + DATING_TEXTS + ["match"]]
        rows[int(couple["wave"]) <= DATING_WAVES_LEARNED].append(row)
    task = Task("dating", DATING_NUMBERS, DATING_TEXTS, rows[True], rows[False])
    ages = [task.ranges(column, [22, 24, 26, 28, 30, 33]) for column in ("age", "age_o")]
    wide = [*task.numbers(), *(hashed(column, 200) for column in DATING_TEXTS), *ages,
            crossed(["race", "race_o"], 64), crossed(ages, 64)]
    task.plain = [*task.standardized(), *(column for column in wide if column["type"] != "numeric")]
    deep = [*task.numbers(),
            *indicators(task, rows[True], ["gender", "race", "race_o", "samerace", "goal"]),
            embedding("field", 100, 4), embedding("career_c", 20, 4)]
    task.models = three_models(wide, deep, [64, 32])
    return task


TASKS = {"adult": adult, "dating": dating}
