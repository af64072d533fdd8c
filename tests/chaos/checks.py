"""What must hold of a campaign's server, at any moment and at the end."""

from chaos.feeds import MODELS, PIPELINES, SPAN

_LOG = """SELECT pipeline_name, source_partition, min(first_offset), max(end_offset),
  CAST(sum(end_offset - first_offset) AS BIGINT), CAST(sum(messages) AS BIGINT),
  CAST(sum(rows_out) AS BIGINT), CAST(sum(rejects) AS BIGINT), CAST(sum(records) AS BIGINT),
  count_if(first_offset <> before) FROM
  (SELECT *, lag(end_offset, 1, 0) OVER (PARTITION BY pipeline_name, source_partition
                                         ORDER BY batch_id) AS before FROM millrace.batches)
  GROUP BY 1, 2"""
_NUMBERS = """SELECT pipeline_name, count(DISTINCT batch_id), max(batch_id)
  FROM millrace.batches GROUP BY 1"""
_REJECTS = """SELECT pipeline_name, source_partition, count(*), count(DISTINCT source_offset),
  count(DISTINCT bytes) FROM millrace.rejects GROUP BY 1, 2"""


def _by_key(rows, width):
    return {row[:width]: row[width:] for row in rows}


def check_now(session):
    """Of one snapshot of the store, while pipelines run: each has as many rows and rejects as
    messages, and its batches are without a gap. Returns how many messages that were."""
    session.execute("BEGIN")
    try:
        log = _by_key(session.rows(_LOG), 2)
        numbers = _by_key(session.rows(_NUMBERS), 1)
        rejects = _by_key(session.rows(_REJECTS), 2)
        rows = {spec.name: dict(session.rows(
            f"SELECT id DIV {SPAN}, count(*) FROM {spec.table} GROUP BY 1"))
            for spec in PIPELINES if spec.table}
        learned = {model: session.rows(f"SELECT examples, model_version FROM {model}_evaluation")
                   for model in MODELS if _exists(session, f"{model}_evaluation")}
    finally:
        session.execute("COMMIT")
    for spec in PIPELINES:
        of_it = {partition: facts for (name, partition), facts in log.items() if name == spec.name}
        _check_log(spec, of_it, rejects)
        if spec.table:
            written = {partition: facts[4] for partition, facts in of_it.items() if facts[4]}
            assert rows[spec.name] == written, \
                f"{spec.name}: the table has {rows[spec.name]}, the log {written}"
        elif of_it:
            examples = sum(facts[4] for facts in of_it.values())
            versions = numbers[(spec.name,)][0]
            assert learned[spec.model] == [(examples, versions)], \
                f"{spec.name}: learned {learned[spec.model]}, the log {examples} in {versions}"
    for (name,), (count, newest) in numbers.items():
        assert count == newest, f"{name}: {count} batches, and the newest is {newest}"
    return sum(facts[3] for facts in log.values())


def _exists(session, table):
    return session.value("SELECT count(*) FROM information_schema.tables "
                         f"WHERE table_name = '{table}'") == 1


def _check_log(spec, of_it, rejects):
    for partition, facts in of_it.items():
        first, end, covered, messages, rows, rejected, records, gaps = facts
        where = f"{spec.name} partition {partition}"
        assert first == 0 and covered == end and gaps == 0, f"{where}: {first}, {covered}, {end}"
        assert messages == end, f"{where}: {messages} messages up to offset {end}"
        if spec.dropped is None:
            assert rows + rejected == messages, f"{where}: {rows} + {rejected} of {messages}"
        if spec.transformed:
            assert records == messages, f"{where}: {records} records of {messages} messages"
        kept, offsets, texts = rejects.get((spec.name, partition), (0, 0, 0))
        assert kept == rejected == (texts if spec.transformed else offsets), \
            f"{where}: the log counts {rejected} rejects, there are {rejects}"


def count_faults(session, feeds):
    """(lost, doubled) over all tables and rejects, and what else is wrong with them, as texts."""
    lost, doubled, wrong = 0, 0, []
    for spec in PIPELINES:
        feed = feeds[spec.format]
        bad = feed.bad_ones()
        told = session.rows(f"SELECT {spec.rejected_id}, reason FROM millrace.rejects "
                            f"WHERE pipeline_name = '{spec.name}'")
        rejected = dict(told)
        lost += len(bad.keys() - rejected.keys())
        doubled += len(told) - len(rejected)
        if rejected != bad:
            odd = [(at, rejected.get(at), bad.get(at)) for at in {*bad, *rejected}
                   if rejected.get(at) != bad.get(at)]
            wrong.append(f"{spec.name}: {len(odd)} rejects are not the bad messages: {odd[:5]}")
        if spec.table:
            good = _kept(spec, feed.ends) - sum(spec.keeps(number) for number in bad)
            count, distinct, untrue = _look_at_rows(session, spec)
            lost += max(0, good - distinct)
            doubled += count - distinct
            if untrue or distinct > good:
                wrong.append(f"{spec.name}: {untrue} rows are not their messages; "
                             f"{distinct} ids of {good}")
    return lost, doubled, wrong


def _kept(spec, ends):
    """How many messages of all that were sent pass the pipeline's WHERE, bad ones among them."""
    if spec.dropped is None:
        return sum(ends)
    return sum(end - len(range(spec.dropped, end, 10)) for end in ends)


def _look_at_rows(session, spec):
    """How many rows a table has, how many ids, and how many rows are not as they should be."""
    return session.rows(
        f"SELECT count(*), count(DISTINCT id), count_if(NOT ({spec.holds}) OR id IN "
        f"(SELECT {spec.rejected_id} FROM millrace.rejects WHERE pipeline_name = '{spec.name}')) "
        f"FROM {spec.table}")[0]


def check_cursors(session):
    """Of stopped pipelines: where each goes on is where its log ends."""
    cursors = session.rows("SELECT PIPELINE_NAME, CAST(SOURCE_PARTITION_ID AS BIGINT), "
                           "CURSOR_OFFSET FROM information_schema.PIPELINES_CURSORS ORDER BY 1, 2")
    ends = session.rows("SELECT pipeline_name, source_partition, max(end_offset) "
                        "FROM millrace.batches GROUP BY 1, 2 ORDER BY 1, 2")
    # A partition that has given nothing yet has a cursor, and no batch.
    assert [row for row in cursors if row[2]] == ends, f"cursors {cursors}, log {ends}"


def check_models(session):
    """Learned again from the batch log, each model comes to the same bytes. How many batches."""
    batches = 0
    for model in MODELS:
        pairs = session.rows(f"CHECK MODEL {model}")
        assert pairs and all(pair[3] == "equal" for pair in pairs), f"{model}: {pairs}"
        batches += sum(pair[2] for pair in pairs)
    return batches
