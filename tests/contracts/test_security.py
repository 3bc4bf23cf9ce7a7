"""TLS and users, against a broker that really asks for them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from faust.types import TP
from frame_rig import BESIDE
from harness import Deployment, eventually
from secure_kafka import (
    KEY_PASSWORD,
    PASSWORD,
    Case,
    SecureKafka,
    certificate,
    inside,
    streakwatch,
    tls,
    use,
    user,
)

from config.security import Security
from config.settings import Fetch, Kafka
from streams import topics
from streams.frames.choice import _open
from streams.producing import producer
from streams.reaching import reach
from streams.records import Topic
from streams.refusals import RefusedError

pytestmark = pytest.mark.kafka

JANUARY = Path(__file__).parents[2] / "config/examples/january-2026.csv"
WRONG = "S3CR3T-wrong"

WAYS: dict[str, tuple[str, Case]] = {
    "TLS": ("TLS", lambda s: {"tls": tls(s)}),
    "TLS of both": ("MUTUAL", lambda s: {"tls": tls(s, **certificate(s.certificates.client))}),
    "an encrypted key": (
        "MUTUAL",
        lambda s: {
            "tls": tls(s, **certificate(s.certificates.encrypted), key_password=KEY_PASSWORD)
        },
    ),
    "TLS and SCRAM-SHA-512": ("SCRAM", lambda s: {"tls": tls(s), "sasl": user()}),
    "TLS and SCRAM-SHA-256": ("SCRAM", lambda s: {"tls": tls(s), "sasl": user("SCRAM-SHA-256")}),
    "TLS and PLAIN": ("PASSWORD", lambda s: {"tls": tls(s), "sasl": user("PLAIN")}),
    "a user alone": ("BARE", lambda s: {"sasl": user()}),
    "PLAIN on this machine": ("BARE", lambda s: {"sasl": user("PLAIN")}),
    "a certificate for another host": ("ELSEWHERE", lambda s: {
        "tls": tls(s, check_hostname="false")}),
}  # fmt: skip
"""How: the listener, and the configuration."""


@pytest.mark.parametrize(("listener", "security"), WAYS.values(), ids=WAYS)
def test_the_way_is_open(
    listener: str,
    security: Case,
    secure: SecureKafka,
    secured: Deployment,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use(secured, secure.at(listener), security(secure))
    assert inside(secured, "topics", "create") == 0
    told = capsys.readouterr()
    assert (told.out.count("created"), told.err) == (len(Topic), "")


@pytest.mark.parametrize("fetch", BESIDE)
@pytest.mark.parametrize(("listener", "security"), WAYS.values(), ids=WAYS)
async def test_records_are_fetched_by_the_same_way(
    fetch: Fetch, listener: str, security: Case, secure: SecureKafka, secured: Deployment
) -> None:
    use(secured, secure.at(listener), security(secure))
    await topics.create(secured.settings.kafka)
    assert await fetched(secured, fetch) == [b"one"]


@pytest.mark.parametrize("fetch", BESIDE)
async def test_a_wrong_password_is_told_and_never_shown(
    fetch: Fetch, secure: SecureKafka, secured: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    use(secured, secure.at("SCRAM"), {"tls": tls(secure), "sasl": user(password=WRONG)})
    source = _open(fetch, secured.settings.kafka)
    try:
        async with asyncio.timeout(30):
            while "uthentication failed" not in caplog.text:
                assert await source.poll({TP("t", 0): 0}, {TP("t", 0)}, 0.1) == {}
    finally:
        source.close()
    assert "S3CR3T" not in caplog.text


async def fetched(deployment: Deployment, fetch: Fetch) -> list[bytes | None]:
    """What a source fetches after one close was sent."""
    kafka = deployment.settings.kafka
    tps = [TP(f"{deployment.prefix}closes", p) for p in range(kafka.partitions)]
    async with producer(kafka) as sender:
        await sender.send_and_wait(tps[0].topic, b"one", partition=0)
    source = _open(fetch, kafka)
    try:
        async with asyncio.timeout(30):
            while not (got := await source.poll(dict.fromkeys(tps, 0), tps, 1)):
                pass
    finally:
        source.close()
    return [record.value for batch in got.values() for record in batch]


def test_a_renewed_certificate_is_used_without_a_restart(
    secure: SecureKafka, tmp_path: Path
) -> None:
    made = secure.certificates
    file, draft = tmp_path / "client.pem", tmp_path / "draft.pem"
    file.write_bytes((made.folder / "stranger-both.pem").read_bytes())
    security = Security.model_validate({"tls": tls(secure, cert_file=file)})
    kafka = Kafka(bootstrap_servers=[secure.at("MUTUAL")], security=security)
    with pytest.raises(RefusedError, match="does not accept the certificate"):
        asyncio.run(reach(kafka))
    draft.write_bytes((made.folder / "client-both.pem").read_bytes())
    draft.replace(file)
    asyncio.run(reach(kafka))


def test_january_over_tls_with_a_user(
    secure: SecureKafka, secured: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The main job, with the password from the environment."""
    use(secured, secure.at("SCRAM"), {"tls": tls(secure), "sasl": user(password=WRONG)})
    monkeypatch.setenv("STREAKWATCH_KAFKA__SECURITY__SASL__PASSWORD", PASSWORD)
    assert streakwatch(secured, "topics", "create").returncode == 0
    worker = secured.start().ready()
    sent = streakwatch(secured, "send", "closes", str(JANUARY))
    assert (sent.returncode, sent.stdout) == (0, "sent 32, refused 0\n")
    eventually(lambda: len(secured.ledger()) == 12, "12 entries in the ledger")
    assert set(secured.ledger().values()) == {"delivered"}
    assert len(secured.webhook.inbox.messages) == 4
    replayed = streakwatch(secured, "replay", "--from-topic")
    assert (replayed.returncode, replayed.stderr) == (0, "")
    metrics = worker.get("/metrics")
    assert worker.end()[0] == 0
    assert "streakwatch_ready 1.0" in metrics
    assert "S3CR3T" not in metrics + worker.stderr.read_text() + worker.stdout.read_text()


def test_a_changed_password_is_told_and_tried_until_it_fits_again(
    secure: SecureKafka, secured: Deployment
) -> None:
    use(secured, secure.at("SCRAM"), {"tls": tls(secure), "sasl": user()})
    worker = secured.create_topics().start(instance="one").ready()
    secure.set_password("S3CR3T-another")
    try:
        secure.broker.kill()
        secure.broker.start()
        eventually(lambda: "SaslAuthenticationFailed" in worker.stderr.read_text(), "the line")
    finally:
        secure.set_password(PASSWORD)
    sent = streakwatch(secured, "send", "closes", str(JANUARY))
    assert (sent.returncode, sent.stderr) == (0, "")
    eventually(lambda: len(secured.ledger()) == 12, "12 entries in the ledger", 90)
    assert worker.end()[0] == 0
    said = worker.stderr.read_text()
    assert "S3CR3T" not in said
    assert len(said.splitlines()) < 100
