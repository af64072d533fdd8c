"""What a campaign streams: topics of CSV, JSON and Avro whose every message follows from the seed,
its partition and its offset, so that what must come out is known without being kept.

One message in a hundred is bad, in a way of its format's own.
"""

import dataclasses
import io
import json

import fastavro

SPAN = 10**9  # id = partition * SPAN + offset
BAD_ONE_IN = 100
SCHEMA = {"type": "record", "name": "row", "fields": [
    {"name": "id", "type": "long"}, {"name": "age", "type": "int"},
    {"name": "city", "type": "string"}, {"name": "clicked", "type": "int"},
    {"name": "proof", "type": "long"}]}
_PARSED_SCHEMA = fastavro.parse_schema(SCHEMA)
# What `proof` is of the id, in SQL: a row that another's bytes have got into shows it.
PROOF = "(id * 31) % 10007"


def mixed(number, salt):
    """A number of 32 bits that looks like chance."""
    number = (number * 2654435761 + salt * 40503) & 0xFFFFFFFF
    number = ((number ^ (number >> 16)) * 0x45D9F3B) & 0xFFFFFFFF
    return number ^ (number >> 16)


def csv_of(row):
    return f"{row['id']},{row['age']},{row['city']},{row['clicked']},{row['proof']}".encode()


def json_of(row):
    return (f'{{"id":{row["id"]},"at":{{"age":{row["age"]},"city":"{row["city"]}"}},'
            f'"clicked":{row["clicked"]},"proof":{row["proof"]}}}').encode()


def avro_of(row):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, _PARSED_SCHEMA, row)
    return out.getvalue()


# How to spoil a message, and the reason it must be rejected for.
_WRONGS = {
    "csv": [(lambda row: csv_of(row).rsplit(b",", 2)[0], "too-few-fields"),
            (lambda row: csv_of(row) + b",more", "too-many-fields"),
            (lambda row: csv_of({**row, "age": "forty"}), "bad-number"),
            (lambda row: csv_of(row).replace(b"city", b"c\xfft\xc3"), "bad-utf8")],
    "json": [(lambda row: json_of(row)[:-2], "bad-document"),
             (lambda row: json_of({**row, "age": '"forty"'}), "bad-number"),
             (lambda row: json_of({**row, "clicked": "[1]"}), "wrong-type"),
             (lambda row: json_of(row).replace(b"city", b"c\xfft\xc3"), "bad-utf8")],
    "avro": [(lambda row: avro_of(row)[:-1], "bad-document"),
             (lambda row: avro_of(row) + b"\0", "bad-document"),
             (lambda row: b"", "too-few-fields"),
             (lambda row: avro_of({**row, "city": "cityx"}).replace(b"city", b"c\xfft\xc3"),
              "bad-utf8")],
}
_GOOD = {"csv": csv_of, "json": json_of, "avro": avro_of}


@dataclasses.dataclass
class Feed:
    """One topic: what is on it so far, by partition, and each of its messages."""
    format: str
    topic: str
    seed: int
    ends: list  # messages sent to each partition

    def message(self, partition, offset):
        number = partition * SPAN + offset
        chance = mixed(number, self.seed)
        age, city = chance % 97, (chance >> 8) % 60
        clicked = int((age > 50) == (city % 2 == 0)) if (chance >> 16) % 5 else 1 - age % 2
        row = {"id": number, "age": age, "city": f"city{city}", "clicked": clicked,
               "proof": number * 31 % 10007}
        return self._spoiler(number)[0](row) if self.is_bad(number) else _GOOD[self.format](row)

    def is_bad(self, number):
        return mixed(number, self.seed + 1) % BAD_ONE_IN == 0

    def _spoiler(self, number):
        wrongs = _WRONGS[self.format]
        return wrongs[mixed(number, self.seed + 2) % len(wrongs)]

    def more(self, count):
        """The next `count` (partition, message), round and round; counted as they are taken."""
        for turn in range(count):
            partition = turn % len(self.ends)
            offset = self.ends[partition]
            self.ends[partition] = offset + 1
            yield partition, self.message(partition, offset)

    def messages(self):
        return sum(self.ends)

    def bad_ones(self):
        """{id: reason} of all that was sent."""
        return {number: self._spoiler(number)[1] for partition, end in enumerate(self.ends)
                for number in range(partition * SPAN, partition * SPAN + end)
                if self.is_bad(number)}


# A program by SingleStore's contract (WITH TRANSFORM): each message again, and how long it was. One
# record a message, so that records are counted as messages are; they have no offsets of their own.
FILTER = b"""#!/usr/bin/env -S python3 -I -S
import struct, sys
data = sys.stdin.buffer.read()
out, at = [], 0
while at < len(data):
    size, = struct.unpack_from("=q", data, at)
    message = data[at + 8:at + 8 + size]
    assert len(message) == size, "half a message"
    out.append(b"%s,%d\\n" % (message, size))
    at += 8 + size
sys.stdout.buffer.write(b"".join(out))
"""
# What the filter adds, of the columns it was counted from.
LENGTH = "length(concat_ws(',', id, age, city, clicked, proof))"


@dataclasses.dataclass(frozen=True)
class PipelineSpec:
    """A pipeline of the campaign; `table` is None where a model learns instead."""
    name: str
    format: str
    step: str = ""
    model: str = None
    dropped: int = None  # its WHERE drops the ids that end in this digit
    clauses: str = ""
    transformed: bool = False  # its messages go through FILTER

    @property
    def table(self):
        return None if self.step.startswith("TRAIN") else f"{self.name}_rows"

    @property
    def where(self):
        """What holds of the ids that the pipeline keeps, in SQL."""
        return "true" if self.dropped is None else f"id % 10 <> {self.dropped}"

    def keeps(self, number):
        return number % 10 != self.dropped

    @property
    def rejected_id(self):
        """The id of the message that a row of millrace.rejects is of, in SQL. A record of a
        transform has the place where its batch begins."""
        if self.transformed:
            return "CAST(regexp_extract(CAST(bytes AS VARCHAR), '^[0-9]+') AS BIGINT)"
        return f"CAST(source_partition AS BIGINT) * {SPAN} + source_offset"

    @property
    def holds(self):
        """What holds of each row, in SQL."""
        of_filter = f" AND version = {LENGTH}" if self.transformed else ""
        return f"proof = {PROOF} AND {self.where}{of_filter}"

    def statement(self, address, topic, batch, filter_path):
        classifies = self.step.startswith("CLASSIFY")
        target = f"{self.model}_evaluation" if self.table is None else self.table
        shaped = " SET probability = @probability, version = @model_version" if classifies else ""
        where = "" if self.dropped is None else f" WHERE {self.where}"
        fields = _FIELDS["filtered" if self.transformed else self.format]
        program = f" WITH TRANSFORM ('file://{filter_path}', '', '')" if self.transformed else ""
        return (f"CREATE OR REPLACE PIPELINE {self.name} AS LOAD DATA KAFKA '{address}/{topic}' "
                f"MAX_OFFSETS_PER_BATCH_PARTITION {batch} {self.clauses} {self.step}{program} "
                f"INTO TABLE {target} {fields}{shaped}{where}")


_FIELDS = {
    "csv": "FIELDS TERMINATED BY ',' (id, age, city, clicked, proof)",
    "filtered": "FIELDS TERMINATED BY ',' (id, age, city, clicked, proof, version)",
    "json": "FORMAT JSON (id <- id, age <- at::age, city <- at::city, clicked <- clicked, "
            "proof <- proof)",
    "avro": "FORMAT AVRO (id <- id, age <- age, city <- city, clicked <- clicked, "
            f"proof <- proof) SCHEMA '{json.dumps(SCHEMA)}'",
}
COLUMNS = ("id BIGINT, age INT, city VARCHAR, clicked INT, proof BIGINT, probability DOUBLE, "
           "version BIGINT")
FEATURES = """label => clicked, feature_columns => [numeric_column(age),
  categorical_column_with_hash_bucket(city, 100)], optimizer => Ftrl(learning_rate => 0.2),
  batch_size => 64"""

PIPELINES = [
    PipelineSpec("csv_plain", "csv"),
    PipelineSpec("csv_train", "csv", "TRAIN MODEL by_csv", "by_csv"),
    PipelineSpec("csv_classify", "csv", "CLASSIFY WITH MODEL by_csv", "by_csv"),
    PipelineSpec("json_plain", "json", clauses="REJECTS INTO TABLE dead"),
    PipelineSpec("json_train", "json", "TRAIN MODEL by_json", "by_json"),
    PipelineSpec("json_classify", "json", "CLASSIFY WITH MODEL by_json", "by_json",
                 dropped=3),
    PipelineSpec("csv_transform", "csv", transformed=True),
    PipelineSpec("avro_plain", "avro"),
    PipelineSpec("avro_classify", "avro", "CLASSIFY WITH MODEL by_csv", "by_csv"),
]
MODELS = ["by_csv", "by_json"]
