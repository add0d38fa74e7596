"""A failed night tells somebody: what arrives, what never does, and that telling changes nothing."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.runs import RunState, StepState, read_runs
from ingest.progress import Lines, Silent
from pipeline.cli import app
from pipeline.errors import BuildError, UsageError
from pipeline.lock import run_lock
from pipeline.night import NOTICE, night
from pipeline.notice.deliver import NoticeError, deliver
from pipeline.notice.message import trial_notice
from pipeline.run import Options, Run, Step, execute
from pipeline.settings import Settings, read_settings
from tests.pipeline.conftest import Environment, MakeSnapshot
from tests.pipeline.receivers import (
    HOST,
    Postbox,
    Webhook,
    dripping,
    make_certificate,
    postbox,
    webhook,
)

PASSWORD = "correct horse"
SOURCE = f"postgresql://reader:hunter2-{PASSWORD.replace(' ', '-')}@127.0.0.1:1/none"
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as box:
        yield box


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("mail") / "server.pem")


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The certificate, which this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return certificate


def told(settings: Settings, **more: Any) -> Settings:
    return Settings.model_validate(
        settings.model_dump(exclude_unset=True) | {"notice_timeout_seconds": 2} | more
    )


def by_mail(settings: Settings, box: Postbox, **more: Any) -> Settings:
    given = {
        "notice_smtp_host": HOST,
        "notice_smtp_port": box.port,
        "notice_mail_from": "schoolhouse@school.example",
        "notice_mail_to": ("admin@school.example", "second@school.example"),
    }
    return told(settings, **(given | more))


def refuse(run: Run) -> str:
    raise BuildError("marts.dim_user could not be built")


def well(run: Run) -> str:
    return "3 rows"


def test_failed_night_is_told(
    command_line: CliRunner,
    environment: Environment,
    settings: Settings,
    make_snapshot: MakeSnapshot,
    hook: Webhook,
) -> None:
    """Guards against mornings on which everybody believes that the night went well."""
    served = make_snapshot(is_current=True)
    environment(SOURCE_URL=SOURCE, NOTICE_WEBHOOK_URL=hook.url)

    result = command_line.invoke(app, ["nightly"])

    (run,) = read_runs(settings.runs_dir)
    assert run.error is not None
    assert (result.exit_code, run.state, run.error.code) == (1, RunState.FAILED, "source_failed")
    (notice,) = hook.heard
    assert notice["event"] == "night_failed"
    assert (notice["step"], notice["code"], notice["hint"]) == ("ingest", "source_failed", run.error.hint)
    assert (notice["run_id"], notice["message"]) == (run.run_id, run.error.message)
    assert (notice["served"]["snapshot_id"], notice["served"]["stale"]) == (served, False)
    assert all(fact in notice["text"] for fact in ("Step: ingest", run.error.message, served, run.run_id))
    assert "hunter2" not in str(notice)
    assert (run.steps[-1].name, run.steps[-1].state, run.steps[-1].detail) == (
        "notice",
        StepState.DONE,
        "webhook told",
    )
    assert "notice: webhook told" in result.stderr


def test_night_that_cannot_begin_is_told(
    command_line: CliRunner, environment: Environment, settings: Settings, hook: Webhook
) -> None:
    """Guards against a hung run that keeps every later night from beginning, in silence."""
    environment(SOURCE_URL=SOURCE, NOTICE_WEBHOOK_URL=hook.url)
    with run_lock(settings):
        locked = command_line.invoke(app, ["nightly"])
    environment(NOTICE_WEBHOOK_URL=hook.url.replace("http", "https"))
    with run_lock(settings):
        unheard = command_line.invoke(app, ["nightly"])

    (notice,) = hook.heard
    assert (locked.exit_code, unheard.exit_code) == (3, 3)
    assert (notice["code"], notice["run_id"], notice["served"]) == ("lock_held", None, None)
    assert "no snapshot" in notice["text"]
    assert "notice: failed: webhook failed: SSLError" in unheard.stderr


def test_night_without_a_place_for_its_history_is_told(settings: Settings, hook: Webhook) -> None:
    """Guards against a full or broken disk that leaves neither a record nor a word."""
    reached = told(settings, notice_webhook_url=hook.url, source_url=SOURCE)
    settings.data_dir.mkdir()
    settings.runs_dir.touch()

    with pytest.raises(FileExistsError):
        night(reached, "nightly", Options(), Silent())

    (notice,) = hook.heard
    assert (notice["step"], notice["message"]) == ("start", "Unexpected FileExistsError.")


def test_well_ended_run_tells_nobody(settings: Settings, hook: Webhook) -> None:
    reached = told(settings, notice_webhook_url=hook.url)

    run = execute(reached, "check", (Step("one", well),), Options(), Silent(), (NOTICE,))

    assert (run.state, [step.name for step in run.steps], hook.heard) == (RunState.FINISHED, ["one"], [])


def test_undelivered_notice_leaves_the_failure_as_it_was(settings: Settings) -> None:
    """Guards against a broken webhook that hides why the night failed."""
    heard = io.StringIO()
    unreached = told(settings, notice_webhook_url="http://127.0.0.1:1/hook/s3cr3t-path")

    run = execute(unreached, "check", (Step("one", refuse),), Options(), Lines(heard), (NOTICE,))

    assert run.error is not None
    assert (run.state, run.error.code, run.error.step) == (RunState.FAILED, "build_failed", "one")
    assert (run.steps[-1].name, run.steps[-1].state) == ("notice", StepState.FAILED)
    assert run.steps[-1].detail == "failed: webhook failed: ConnectionError"
    assert "notice: failed: webhook failed: ConnectionError" in heard.getvalue()
    assert read_runs(settings.runs_dir) == [run]
    kept = [path.read_text() for path in settings.runs_dir.iterdir()]
    assert len(kept) == 2
    assert not any("s3cr3t" in text for text in kept)
    assert "refuse" in "".join(kept)


def test_what_followed_a_run_is_told_as_well(settings: Settings, hook: Webhook) -> None:
    """Guards against reports that nobody misses until somebody needs one."""
    reached = told(settings, notice_webhook_url=hook.url)

    run = execute(
        reached, "check", (Step("one", well),), Options(), Silent(), (Step("report", refuse), NOTICE)
    )

    (notice,) = hook.heard
    assert run.state is RunState.FINISHED
    assert (notice["event"], notice["step"]) == ("report_failed", "report")
    assert "could not be built" in notice["message"]
    assert "not concerned" in notice["hint"]


@pytest.mark.parametrize(
    ("statuses", "tries", "outcome"),
    [
        ((503, 429, 200), 3, "webhook told"),
        ((204,), 1, "webhook told"),
        ((500,), 3, "webhook failed: HTTP 500"),
        ((404,), 1, "webhook failed: HTTP 404"),
        ((302, 200), 1, "webhook failed: HTTP 302"),
    ],
)
def test_webhook_is_tried_again_only_where_it_may_help(
    settings: Settings, statuses: tuple[int, ...], tries: int, outcome: str
) -> None:
    """Guards against one hiccup that loses the notice, and against one that follows a redirect elsewhere."""
    with webhook(*statuses) as box:
        reached = told(settings, notice_webhook_url=box.url)
        try:
            found = deliver(trial_notice(reached, NOW), reached)
        except NoticeError as error:
            found = str(error)

    assert (found, box.paths) == (outcome, ["/hook/s3cr3t-path"] * tries)


def test_server_that_never_ends_keeps_no_night_waiting(settings: Settings) -> None:
    """Guards against a night that hangs, holding its lock, for an answer that drips in byte by byte."""
    with dripping() as url:
        reached = told(settings, notice_webhook_url=url, notice_timeout_seconds=0.3)
        started = time.monotonic()
        with pytest.raises(NoticeError, match="webhook no answer in time"):
            deliver(trial_notice(reached, NOW), reached)

    assert time.monotonic() - started < 10


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_mail_arrives(settings: Settings, trusted: Path, security: str) -> None:
    password = None if security == "none" else PASSWORD
    account = {"notice_smtp_user": "night", "notice_smtp_password": password} if password else {}
    with postbox(trusted, security=security, password=password) as box:
        reached = by_mail(settings, box, notice_smtp_security=security, **account)
        assert deliver(trial_notice(reached, NOW), reached) == "mail told"

    (mail,) = box.mails
    assert box.receivers == [["admin@school.example", "second@school.example"]]
    assert box.logins == ([b"night"] if password else [])
    assert mail["Subject"] == "Schoolhouse: a test of notices (none: test)"
    assert (mail["From"], mail["Auto-Submitted"]) == ("schoolhouse@school.example", "auto-generated")
    assert "Nothing failed" in str(mail.get_payload())


def test_password_goes_to_nobody_who_cannot_prove_who_he_is(settings: Settings, certificate: Path) -> None:
    """Guards against a password for whoever answers at the mail server's address."""
    with postbox(certificate, password=PASSWORD) as box:
        reached = by_mail(settings, box, notice_smtp_user="night", notice_smtp_password=PASSWORD)
        with pytest.raises(NoticeError, match="mail failed: SSLCertVerificationError"):
            deliver(trial_notice(reached, NOW), reached)

    assert (box.logins, box.mails) == ([], [])


def test_mail_that_is_refused_is_told_without_addresses(settings: Settings, trusted: Path) -> None:
    with postbox(trusted, password=PASSWORD, refused="second@school.example") as box:
        one = by_mail(settings, box, notice_smtp_user="night", notice_smtp_password=PASSWORD)
        with pytest.raises(NoticeError, match=r"^mail failed: 1 of 2 receivers refused$"):
            deliver(trial_notice(one, NOW), one)
        every = told(one, notice_mail_to=("second@school.example",))
        with pytest.raises(NoticeError, match=r"^mail failed: all 1 receivers refused$"):
            deliver(trial_notice(every, NOW), every)
        wrong = told(one, notice_smtp_password="wrong")
        with pytest.raises(NoticeError, match=r"^mail failed: SMTP 535$"):
            deliver(trial_notice(wrong, NOW), wrong)

    assert len(box.mails) == 1
    assert len(box.logins) == 4  # the wrong password once by each of two mechanisms, and not again


def test_one_channel_makes_up_for_the_other(settings: Settings, hook: Webhook, certificate: Path) -> None:
    """Guards against a mail server that is away and takes the webhook's notice with it."""
    with postbox(certificate) as gone:
        pass
    reached = by_mail(settings, gone, notice_webhook_url=hook.url)
    odd = told(reached, notice_smtp_host="a" * 70)

    with pytest.raises(NoticeError, match=r"^webhook told, mail failed: ConnectionRefusedError$"):
        deliver(trial_notice(reached, NOW), reached)
    with pytest.raises(NoticeError, match=r"^webhook told, mail failed: UnicodeError$"):
        deliver(trial_notice(odd, NOW), odd)
    assert len(hook.heard) == 2


def test_no_secret_of_the_settings_is_told(settings: Settings, hook: Webhook) -> None:
    """Guards against an error that quotes a connection, read by everybody in a chat room."""
    reached = told(settings, notice_webhook_url=hook.url, source_url=SOURCE, jwt_secret="a secret of tokens")

    def quote(run: Run) -> str:
        raise BuildError(f"cannot reach {SOURCE} or {hook.url} with a secret of tokens", hint=SOURCE)

    execute(reached, "check", (Step("one", quote),), Options(), Silent(), (NOTICE,))

    (notice,) = hook.heard
    assert notice["message"].startswith("cannot reach")
    assert [secret for secret in ("hunter2", "s3cr3t", "of tokens") if secret in str(notice)] == []


def test_notices_can_be_tried(command_line: CliRunner, environment: Environment, hook: Webhook) -> None:
    unconfigured = command_line.invoke(app, ["notice"])
    environment(NOTICE_WEBHOOK_URL=hook.url)
    tried = command_line.invoke(app, ["notice"])
    hook.statuses = [404]
    failed = command_line.invoke(app, ["notice"])

    assert (unconfigured.exit_code, tried.exit_code, failed.exit_code) == (2, 0, 1)
    assert "SCHOOLHOUSE_NOTICE_WEBHOOK_URL is not set" in unconfigured.stderr
    assert tried.stdout.strip() == "webhook told"
    assert "notice_failed" in failed.stderr
    assert [notice["event"] for notice in hook.heard] == ["test", "test"]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"NOTICE_WEBHOOK_URL": "ftp://hook.example/x"}, "NOTICE_WEBHOOK_URL"),
        ({"NOTICE_SMTP_HOST": "mail.example"}, "NOTICE_MAIL_FROM"),
        ({"NOTICE_MAIL_FROM": "nobody"}, "NOTICE_MAIL_FROM"),
        ({"NOTICE_SMTP_SECURITY": "ssl"}, "NOTICE_SMTP_SECURITY"),
        ({"NOTICE_SMTP_USER": "night"}, "NOTICE_SMTP_PASSWORD"),
        (
            {"NOTICE_SMTP_USER": "u", "NOTICE_SMTP_PASSWORD": "p", "NOTICE_SMTP_SECURITY": "none"},
            "unencrypted",
        ),
    ],
)
def test_wrong_settings_are_named_at_the_start(
    environment: Environment, values: dict[str, str], named: str
) -> None:
    """Guards against a channel that turns out to be misspelt on the night that needs it."""
    mail = {
        "NOTICE_SMTP_HOST": "mail.example",
        "NOTICE_MAIL_FROM": "a@b.example",
        "NOTICE_MAIL_TO": '["c@d.example"]',
    }
    environment(**(mail | values if "NOTICE_SMTP_HOST" not in values else values))

    with pytest.raises(UsageError, match=named):
        read_settings()
