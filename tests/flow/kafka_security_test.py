"""Kafka's ways to be careful: TLS, client certificates, PLAIN and SCRAM logins, each against a real
broker; and what is secret is shown nowhere."""

import json
import subprocess

import pytest
from confluent_kafka.admin import (AdminClient, ScramCredentialInfo, ScramMechanism,
                                   UserScramCredentialUpsertion)

from lib import streams
from lib.kafka import Broker
from lib.sql import WAIT_TIMEOUT_S

# Words that nothing else would say.
PASSWORD = "hush-pl41n-w0rd"
SCRAM_PASSWORD = "hush-scr4m-w0rd"
KEY_PASSWORD = "hush-k3y-w0rd"
WRONG = "hush-wr0ng-w0rd"
SECRETS = [PASSWORD, SCRAM_PASSWORD, KEY_PASSWORD, WRONG]
ROWS = 100


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def certify(folder, name, *, password=None, more=()):
    """A key and a certificate for `name`, signed by the folder's authority."""
    key = ["-passout", f"pass:{password}"] if password else ["-nodes"]
    openssl(folder, "req", "-newkey", "rsa:2048", *key, "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-out", f"{name}.crt", *more)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=authority",
            "-days", "2", "-keyout", "ca.key", "-out", "ca.crt")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    certify(folder, "broker", more=("-extfile", "names"))
    certify(folder, "client", password=KEY_PASSWORD)
    (folder / "broker.pem").write_text((folder / "broker.key").read_text() +
                                       (folder / "broker.crt").read_text())
    return folder


@pytest.fixture(scope="module")
def secured(tmp_path_factory, certificates):
    """One broker with a listener for each way in."""
    jaas = "org.apache.kafka.common.security"
    login = {f"listener.name.{name}.{mechanism}.sasl.jaas.config": module
             for name in ("login", "both") for mechanism, module in (
                 ("plain", f'{jaas}.plain.PlainLoginModule required user_ann="{PASSWORD}";'),
                 ("scram-sha-256", f"{jaas}.scram.ScramLoginModule required;"),
                 ("scram-sha-512", f"{jaas}.scram.ScramLoginModule required;"))}
    broker = Broker(tmp_path_factory.mktemp("kafka")).start(
        listeners={"TLS": "SSL", "LOGIN": "SASL_PLAINTEXT", "BOTH": "SASL_SSL"},
        config={"ssl.keystore.type": "PEM", "ssl.keystore.location": certificates / "broker.pem",
                "ssl.truststore.type": "PEM", "ssl.truststore.location": certificates / "ca.crt",
                "listener.name.tls.ssl.client.auth": "required",
                "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512", **login})
    users = [UserScramCredentialUpsertion("bob", ScramCredentialInfo(mechanism, 4096),
                                          SCRAM_PASSWORD.encode())
             for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512)]
    admin = AdminClient({"bootstrap.servers": broker.address})
    for user in users:
        for one in admin.alter_user_scram_credentials([user]).values():
            one.result(WAIT_TIMEOUT_S)
    # The broker hears of its users from the controller, a little later; a client tries until then.
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
        bob = AdminClient({"bootstrap.servers": broker.listeners["LOGIN"], "sasl.username": "bob",
                           "security.protocol": "sasl_plaintext", "sasl.mechanism": mechanism,
                           "sasl.password": SCRAM_PASSWORD, "log_level": 0})
        bob.list_topics(timeout=WAIT_TIMEOUT_S)
    yield broker
    broker.kill()


def ways(certificates):
    """{name: (listener, CONFIG, CREDENTIALS)}"""
    authority = {"ssl.ca.location": str(certificates / "ca.crt")}
    found = {"tls": ("TLS", {
        "security.protocol": "ssl", **authority,
        "ssl.certificate.location": str(certificates / "client.crt"),
        "ssl.key.location": str(certificates / "client.key")}, {"ssl.key.password": KEY_PASSWORD})}
    for listener, protocol, more in (("LOGIN", "sasl_plaintext", {}),
                                     ("BOTH", "sasl_ssl", authority)):
        for mechanism, user, password in (("PLAIN", "ann", PASSWORD),
                                          ("SCRAM-SHA-256", "bob", SCRAM_PASSWORD),
                                          ("SCRAM-SHA-512", "bob", SCRAM_PASSWORD)):
            name = f"{listener}_{mechanism}".lower().replace("-", "_")
            found[name] = (listener, {"security.protocol": protocol, "sasl.mechanism": mechanism,
                                      "sasl.username": user, **more}, {"sasl.password": password})
    return found


def create(session, name, address, topic, config, credentials, table):
    session.execute(
        f"CREATE TABLE {table} (id BIGINT); CREATE PIPELINE {name} AS LOAD DATA KAFKA "
        f"'{address}/{topic}' CONFIG '{json.dumps(config)}' CREDENTIALS "
        f"'{json.dumps(credentials)}' INTO TABLE {table} FIELDS TERMINATED BY ','")


def everything_shown(server, session):
    """All that system tables, SHOW and the logs say."""
    tables = session.rows("SELECT table_schema, table_name FROM information_schema.tables "
                          "WHERE table_schema IN ('millrace', 'information_schema')")
    shown = [str(session.rows(f"SELECT * FROM {schema}.`{name}`")) for schema, name in tables]
    assert any("PIPELINES_ERRORS" == name.upper() for _, name in tables)
    for (name,) in session.rows("SELECT PIPELINE_NAME FROM information_schema.PIPELINES"):
        shown.append(str(session.rows(f"SHOW CREATE PIPELINE {name}")))
    for statement in ("SHOW PIPELINES", "SHOW PROCESSLIST", "SHOW WARNINGS"):
        shown.append(str(session.rows(statement)))
    shown.append(server.log.read_text(errors="replace"))
    for kept in server.data.rglob("*.log"):
        shown.append(kept.read_text(errors="replace"))
    return "\n".join(shown)


def read_all(session, secured, certificates, topic, names):
    for name in names:
        listener, config, credentials = ways(certificates)[name]
        create(session, name, secured.listeners[listener], topic, config, credentials, f"{name}_t")
        session.execute(f"START PIPELINE {name} FOREGROUND")
        assert session.value(f"SELECT count(DISTINCT id) FROM {name}_t") == ROWS, name


@pytest.fixture
def shop(make_server):
    session = make_server().start(arguments=["--log-level", "debug"]).connect()
    session.execute("CREATE DATABASE shop; USE shop")
    return session


@pytest.fixture
def topic(secured):
    name = secured.create_topic("careful")
    secured.produce(name, [str(number) for number in range(ROWS)])
    return name


def test_tls_and_plain_let_in_and_no_secret_out(make_server, secured, topic, certificates):
    server = make_server().start(arguments=["--log-level", "debug"])
    session = server.connect()
    session.execute("CREATE DATABASE shop; USE shop")
    read_all(session, secured, certificates, topic, ["tls", "login_plain", "both_plain"])
    # One that is refused says so, as the broker says it, and does not say with what it came.
    listener, config, _ = ways(certificates)["both_plain"]
    create(session, "refused", secured.listeners[listener], topic, config,
           {"sasl.password": WRONG}, "refused_t")
    error = session.error("START PIPELINE refused")
    assert "refused the connection" in error and "uthentication" in error, error
    assert streams.state_of(session, "refused") == "Error"
    # Nor does one that comes without a certificate get in.
    listener, config, _ = ways(certificates)["tls"]
    create(session, "nobody", secured.listeners[listener], topic,
           {key: config[key] for key in ("security.protocol", "ssl.ca.location")}, {}, "nobody_t")
    assert "Kafka at" in session.error("START PIPELINE nobody FOREGROUND")
    bad = session.error(
        f"CREATE PIPELINE bad AS LOAD DATA KAFKA '{secured.address}/{topic}' "
        f"CREDENTIALS '{{\"sasl.pasword\": \"{WRONG}\"}}' INTO TABLE refused_t")
    assert "sasl.password" in bad, "the nearest property is named"
    texts = everything_shown(server, session) + error + bad
    for secret in SECRETS:
        at = texts.find(secret)
        assert at < 0, f"{secret} is shown: {texts[max(0, at - 300):at + 100]}"
    # The mended login lets it in.
    session.execute(f"ALTER PIPELINE refused SET CREDENTIALS ::sasl.password = '{PASSWORD}'; "
                    "START PIPELINE refused FOREGROUND")
    assert session.value("SELECT count(*) FROM refused_t") == ROWS
    bad = session.error(f"ALTER PIPELINE refused SET CREDENTIALS ::sasl.pasword = '{WRONG}'")
    assert "sasl.password" in bad
    texts = everything_shown(server, session) + bad
    assert not [secret for secret in SECRETS if secret in texts]
    # They are kept all the same.
    server.restart()
    session = server.connect(database="shop")
    secured.produce(topic, [str(number) for number in range(ROWS, 2 * ROWS)])
    for name in ("tls", "both_plain"):
        session.execute(f"START PIPELINE {name} FOREGROUND")
        assert session.value(f"SELECT count(DISTINCT id) FROM {name}_t") == 2 * ROWS


def test_scram_lets_in(shop, secured, topic, certificates):
    read_all(shop, secured, certificates, topic,
             [name for name in ways(certificates) if "scram" in name])
