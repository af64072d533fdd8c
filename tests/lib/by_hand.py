"""What the models of the flow tests learn, by the book and in double precision: what the server
says must agree with it."""

import math


class Ftrl:
    """TensorFlow's FTRL-Proximal on one weight, without regularization."""

    def __init__(self):
        self.weight = self.linear = 0.0
        self.accumulator = 0.1

    def learn(self, gradient, rate):
        accumulator = self.accumulator + gradient * gradient
        sigma = (math.sqrt(accumulator) - math.sqrt(self.accumulator)) / rate
        self.linear += gradient - sigma * self.weight
        self.accumulator = accumulator
        self.weight = -self.linear / (math.sqrt(accumulator) / rate)


class LogisticRegression:
    """The model of these tests by the book: predict each step's rows, then learn from them."""

    def __init__(self):
        self.rate = 0.2
        self.bias, self.age = Ftrl(), Ftrl()
        self.cities = [Ftrl() for _ in range(10)]
        self.seen = []  # (probability, label)
        self.losses = []

    def probability(self, age, city):
        logit = self.bias.weight + self.age.weight * age + self.cities[city].weight
        return 1 / (1 + math.exp(-logit))

    def step(self, rows):
        predicted = [self.probability(age, city) for _, age, city, _ in rows]
        labels = [row[3] for row in rows]
        self.seen += zip(predicted, labels)
        self.losses.append(mean(-math.log(p if label else 1 - p)
                                for p, label in zip(predicted, labels)))
        errors = [(p - label) / len(rows) for p, label in zip(predicted, labels)]
        by_city = {}
        for error, row in zip(errors, rows):
            by_city[row[2]] = by_city.get(row[2], 0.0) + error
        self.bias.learn(sum(errors), self.rate)
        self.age.learn(sum(error * row[1] for error, row in zip(errors, rows)),
                       self.rate)
        for city, gradient in by_city.items():
            self.cities[city].learn(gradient, self.rate)

    def metrics(self):
        seen = self.seen
        positive = [(p, label) for p, label in seen if p > 0.5]
        hits = sum(label for _, label in positive)
        labels = mean(label for _, label in seen)
        return {
            "accuracy": mean((p > 0.5) == (label == 1) for p, label in seen),
            "accuracy_baseline": max(labels, 1 - labels),
            "average_loss": mean(-math.log(p if label else 1 - p) for p, label in seen),
            "loss": mean(self.losses),
            "label/mean": labels,
            "prediction/mean": mean(p for p, _ in seen),
            "precision": hits / len(positive),
            "recall": hits / sum(label for _, label in seen),
            "auc": area(seen),
        }


def mean(values):
    values = [float(value) for value in values]
    return sum(values) / len(values)


def area(seen):
    """The exact area under the ROC curve: how often a positive row is above a negative one."""
    positive = [p for p, label in seen if label]
    negative = [p for p, label in seen if not label]
    wins = sum((p > n) + (p == n) / 2 for p in positive for n in negative)
    return wins / len(positive) / len(negative)
