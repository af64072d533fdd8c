"""A model of clicks, the rows that teach it, and how its pipeline reads them."""

import random

MODEL = """CREATE MODEL clicks AS LinearClassifier(
  label => clicked,
  feature_columns => [numeric_column(age), categorical_column_with_identity(city, 10)],
  optimizer => Ftrl(learning_rate => 0.2), batch_size => 32)"""
TRAIN = "TRAIN MODEL clicks INTO TABLE evaluation FIELDS TERMINATED BY ',' (id, age, city, clicked)"


def make_rows(seed, first, count):
    """[(id, age, city, clicked)]; the age is a binary fraction, exact in float32."""
    random_ = random.Random(seed)
    rows = []
    for number in range(first, first + count):
        age, city = random_.randrange(-64, 64) / 32, random_.randrange(10)
        clicked = int(random_.random() < (0.95 if age + (1 if city < 5 else -1) > 0 else 0.05))
        rows.append((number, age, city, clicked))
    return rows


def as_csv(rows):
    return [",".join(str(value) for value in row) for row in rows]
