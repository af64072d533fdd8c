# ctest: kafka
"""The demo as a newcomer runs it: on the broker inside, and on a real one with the real file."""

import json
import signal
import subprocess

import pytest

from lib import places, process

RUN_TIMEOUT_S = 400
READY_TIMEOUT_S = 400
ME = "gender=woman,age=30,field=law,yoga=9"
FREE_PORTS = ["--mysql-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]


def run(*arguments, expect=0, ports=FREE_PORTS):
    """Runs `millrace demo speed-dating`; its stdout and stderr."""
    command = [places.millrace_binary(), "demo", "speed-dating", *ports, *arguments]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=RUN_TIMEOUT_S)
    assert done.returncode == expect, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout, done.stderr


def check_report(report, *, auc_floor):
    """What holds for every run, however the couples came."""
    streams = report["streams"]
    ranking = report["ranking"]
    against = report["machine_against_human"]
    assert streams["rejects"] == 0
    assert streams["training_couples"] + streams["classified_rows"] == report["source"]["couples"]
    assert streams["rows_stored"] == streams["classified_rows"]
    assert streams["training_rows"] == streams["training_couples"] * streams["passes"]
    assert streams["classified_rows_per_second"] > 0
    # Every row was learned once for each pass.
    assert report["evaluation"]["examples"] == streams["training_rows"]
    # The two truly overlapped: the model grew from the first classified row to the last.
    assert ranking["all"]["couples"] == streams["classified_rows"]
    assert ranking["first half"]["from_version"] < ranking["last half"]["to_version"]
    assert ranking["all"]["auc"] > auc_floor
    table = [against[key] for key in ("both_yes", "machine_only", "human_only", "both_no")]
    assert sum(table) == streams["classified_rows"]
    assert against["agreement"] == pytest.approx((table[0] + table[3]) / sum(table))
    assert -1 <= against["kappa"] <= 1
    assert 0 < against["threshold"] < 1
    # A threshold for the base rate: neither nobody nor everybody is a match.
    assert 0.03 < against["machine_base_rate"] < 0.4
    assert 0.05 < against["human_base_rate"] < 0.3


def check_me(report):
    me = report["me"]
    assert me["profile"].startswith("gender=woman,age=30,field=law")
    assert me["partners"] > 0
    assert len(me["best"]) == min(8, me["partners"])
    chances = [one["probability"] for one in me["best"]]
    assert chances == sorted(chances, reverse=True)
    assert all(0 < chance < 1 for chance in chances)
    assert all(one["likes"] for one in me["best"])


def test_generated_couples_on_the_broker_inside(tmp_path):
    report_file = tmp_path / "report.json"
    said, complaints = run("--couples", 4000, "--exit", "--report", report_file, "--me", ME)
    report = json.loads(report_file.read_text())
    assert complaints == ""
    assert report["source"]["generated"] and report["source"]["couples"] == 4000
    assert report["features"]["leak"] is False
    check_report(report, auc_floor=0.62)
    check_me(report)
    for words in ("made up", "CREATE MODEL dating AS LinearClassifier(", "Cohen's kappa",
                  "couple's own decision", "START PIPELINE speed_dating_results;"):
        assert words in said
    assert "\x1b" not in said, "escapes belong on terminals"


def test_the_real_file_on_a_real_broker_and_again(tmp_path, broker, shared_folder):
    data = shared_folder / "data" / "speed_dating" / "Speed Dating Data.csv"
    if not data.exists():
        pytest.skip("the speed dating file is not there")
    common = ["--kafka", broker.address, "--data", data, "--exit"]
    report_file = tmp_path / "both.json"
    said, _ = run(*common, "--report", report_file, "--no-me", "--features", "both")
    both = json.loads(report_file.read_text())
    check_report(both, auc_floor=0.78)
    assert both["features"]["leak"] is True
    assert "a leak if you want to propose dates" in said
    assert both["me"] is None
    # Again, with the topics of the first run in the way.
    report_file = tmp_path / "profile.json"
    said, _ = run(*common, "--report", report_file, "--me", ME)
    profile = json.loads(report_file.read_text())
    assert "holds data already" in said
    assert set(profile["source"]["topics"]).isdisjoint(both["source"]["topics"])
    assert profile["source"]["couples"] == 8368
    assert profile["source"]["rows_without_partner"] == 10
    # Profiles tell little on unseen evenings; the demo must not pretend otherwise.
    check_report(profile, auc_floor=0.53)
    assert profile["ranking"]["all"]["auc"] < 0.65
    check_me(profile)


def test_a_signal_ends_it_cleanly_while_the_server_is_up(tmp_path):
    data_dir = tmp_path / "data"
    log = open(tmp_path / "log", "wb")
    child = process.start([places.millrace_binary(), "demo", "speed-dating", *FREE_PORTS,
                           "--couples", "400", "--no-me", "--data-dir", data_dir], stderr=log)
    try:
        line = process.read_line_starting(child, "--- The server stays up", READY_TIMEOUT_S)
        assert line, "the demo did not come to its end"
        child.send_signal(signal.SIGTERM)
        assert child.wait(READY_TIMEOUT_S) == 0
    finally:
        child.kill()
        log.close()
    assert any(data_dir.iterdir()), "a folder that was named is kept"
    # And never played over.
    _, complaints = run("--exit", "--no-me", "--data-dir", data_dir, expect=2)
    assert "of an earlier demo" in complaints
    assert f"millrace serve --data {data_dir}" in complaints


@pytest.mark.parametrize("arguments, words", [
    (["--me", "gender=woman,yogo=9"], ["yogo", "yoga"]),
    (["--me", "age=30"], ["gender"]),
    (["--me", "gender=man", "--no-me"], ["--no-me"]),
    (["--couples", "10"], ["--couples", "at least"]),
])
def test_wrong_options_are_said_before_anything_starts(arguments, words):
    said, complaints = run(*arguments, "--exit", expect=2)
    assert said == ""
    for word in words:
        assert word in complaints


def test_an_address_that_is_none_is_said():
    _, complaints = run("--exit", expect=2, ports=["--mysql-listen", "nowhere"])
    assert "nowhere" in complaints


def test_a_taken_port_is_said_and_another_is_used(server):
    host, port = server.mysql
    said, _ = run("--couples", 400, "--exit", "--no-me",
                  ports=["--mysql-listen", f"{host}:{port}", "--http-listen", "127.0.0.1:0"])
    assert f"{host}:{port} is taken" in said


def test_a_broker_that_is_not_there_is_named():
    _, complaints = run("--kafka", "127.0.0.1:1", "--couples", "400", "--exit", expect=1)
    assert "127.0.0.1:1" in complaints
