"""What the tests of streams share: the SQL of a pipeline, and what is known of its progress."""

import signal

import pymysql
from pymysql.constants import CR

from lib.sql import WAIT_TIMEOUT_S


# What the newest batch changed is in the store first, and in the server's memory a little later:
# the cursors that are shown, and the model that predict() asks. How much of it is still to come.
_TO_COME = """SELECT
  (SELECT count(*) FROM millrace.batches b JOIN information_schema.PIPELINES_CURSORS c
   ON c.PIPELINE_NAME = b.pipeline_name
   AND c.SOURCE_PARTITION_ID = CAST(b.source_partition AS VARCHAR)
   WHERE b.pipeline_name = '{pipeline}' AND c.CURSOR_OFFSET < b.end_offset AND b.batch_id =
   (SELECT max(batch_id) FROM millrace.batches WHERE pipeline_name = '{pipeline}')) +
  (SELECT count(*) FROM millrace.models m WHERE m.version <
   (SELECT max(v.version) FROM millrace.model_versions v
    WHERE v.model_name = m.model_name AND v.pipeline_name = '{pipeline}'))"""


def load_data(broker, topic):
    return f"LOAD DATA KAFKA '{broker.address}/{topic}'"


def state_of(session, pipeline):
    return session.value("SELECT STATE FROM information_schema.PIPELINES "
                         f"WHERE PIPELINE_NAME = '{pipeline}'")


def wait_for_state(session, pipeline, state, timeout_s=WAIT_TIMEOUT_S):
    session.wait_until("SELECT STATE FROM information_schema.PIPELINES "
                       f"WHERE PIPELINE_NAME = '{pipeline}'", state, timeout_s)


def messages_of(session, pipeline):
    """How many messages the pipeline has committed."""
    return int(session.value("SELECT coalesce(sum(messages), 0) FROM millrace.batches "
                             f"WHERE pipeline_name = '{pipeline}'"))


def wait_for_messages(session, pipeline, count, timeout_s=WAIT_TIMEOUT_S):
    session.wait_until("SELECT coalesce(sum(messages), 0) FROM millrace.batches "
                       f"WHERE pipeline_name = '{pipeline}'",
                       lambda rows: int(rows[0][0]) >= count, timeout_s)
    assert messages_of(session, pipeline) == count
    session.wait_until(_TO_COME.format(pipeline=pipeline), 0, timeout_s)


def start_to_be_killed(server, session, pipeline):
    """START on a server that kills itself at a fault point: before it has answered, or after."""
    try:
        session.execute(f"START PIPELINE {pipeline}")
    except pymysql.OperationalError as lost:
        assert lost.args[0] == CR.CR_SERVER_LOST, lost
    status = server.wait_for_exit()
    assert status == -signal.SIGKILL, f"status {status}\n{server.log_tail()}"


def batch_log(session, pipeline):
    """[(batch, partition, first offset, end offset, messages, rows, rejects)] in order."""
    return session.rows(
        "SELECT batch_id, source_partition, first_offset, end_offset, messages, rows_out, rejects "
        f"FROM millrace.batches WHERE pipeline_name = '{pipeline}' ORDER BY 1, 2")


def check_batch_log(session, pipeline, offsets):
    """Each offset {partition: (first, end)} is in one batch, and each message a row or a reject."""
    at = {partition: first for partition, (first, _) in offsets.items()}
    last_batch = 0
    for batch, partition, first, end, messages, rows, rejects in batch_log(session, pipeline):
        assert batch in (last_batch, last_batch + 1), f"batch {batch} follows {last_batch}"
        last_batch = batch
        assert first == at[partition], f"batch {batch} partition {partition} begins at {first}"
        assert messages == end - first == rows + rejects, f"batch {batch} partition {partition}"
        at[partition] = end
    assert at == {partition: end for partition, (_, end) in offsets.items()}


def rejects_of(session, pipeline):
    """{(partition, offset): reason}; an offset that was rejected twice is an error."""
    rows = session.rows("SELECT source_partition, source_offset, reason FROM millrace.rejects "
                        f"WHERE pipeline_name = '{pipeline}'")
    rejects = {(partition, offset): reason for partition, offset, reason in rows}
    assert len(rejects) == len(rows)
    return rejects


def errors_of(session, pipeline):
    """The messages of PIPELINES_ERRORS, oldest first, less those about single rows."""
    return [row[0] for row in session.rows(
        "SELECT ERROR_MESSAGE FROM information_schema.PIPELINES_ERRORS "
        f"WHERE PIPELINE_NAME = '{pipeline}' AND ERROR_ID IS NOT NULL ORDER BY ERROR_ID")]


def wait_for_error(session, pipeline, part, timeout_s=WAIT_TIMEOUT_S):
    """Waits until PIPELINES_ERRORS has an error with `part` in its text."""
    session.wait_until("SELECT ERROR_MESSAGE FROM information_schema.PIPELINES_ERRORS "
                       f"WHERE PIPELINE_NAME = '{pipeline}'",
                       lambda rows: any(part in row[0] for row in rows), timeout_s)


def wait_for_replay(session, model, timeout_s=WAIT_TIMEOUT_S):
    """Waits until the model is what its log says; after a crash it is behind for a while."""
    session.wait_until("SELECT m.version = (SELECT max(v.version) FROM millrace.model_versions v "
                       f"WHERE v.model_name = '{model}') FROM millrace.models m "
                       f"WHERE m.model_name = '{model}'", 1, timeout_s)


def newest_snapshot(session, model):
    """(version, checksum) of the newest kept snapshot, or None."""
    rows = session.rows("SELECT version, checksum FROM millrace.model_versions "
                        f"WHERE model_name = '{model}' AND checksum IS NOT NULL "
                        "ORDER BY version DESC LIMIT 1")
    return rows[0] if rows else None
