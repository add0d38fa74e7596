"""A notice as a mail, through the configured server."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from pipeline.notice.message import Notice
from pipeline.notice.problem import DeliveryError
from pipeline.settings import Settings

_FIRST_PERMANENT = 500


def send_mail(notice: Notice, settings: Settings) -> None:
    """Send the notice. Raises DeliveryError, without what the server said: it may repeat addresses."""
    try:
        with _connected(settings) as server:
            refused = server.send_message(_message(notice, settings))
    except smtplib.SMTPRecipientsRefused as error:
        raise DeliveryError(f"all {len(error.recipients)} receivers refused", may_pass=False) from None
    except smtplib.SMTPResponseException as error:
        is_permanent = error.smtp_code >= _FIRST_PERMANENT
        raise DeliveryError(f"SMTP {error.smtp_code}", may_pass=not is_permanent) from None
    except OSError as error:  # all of smtplib's are
        raise DeliveryError(type(error).__name__, may_pass=_may_pass(error)) from None
    if refused:
        raise DeliveryError(
            f"{len(refused)} of {len(settings.notice_mail_to)} receivers refused", may_pass=False
        )


def _may_pass(error: OSError) -> bool:
    """Whether the connection failed, and not what was said over it."""
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return True
    return not isinstance(error, smtplib.SMTPException | ssl.SSLError)


def _connected(settings: Settings) -> smtplib.SMTP:
    """Encrypted as configured, with the server's certificate verified, and signed in."""
    host, port = settings.notice_smtp_host or "", settings.notice_smtp_port
    seconds = settings.notice_timeout_seconds
    server: smtplib.SMTP
    if settings.notice_smtp_security == "tls":
        server = smtplib.SMTP_SSL(host, port, timeout=seconds, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(host, port, timeout=seconds)
    try:
        if settings.notice_smtp_security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.notice_smtp_user is not None and settings.notice_smtp_password is not None:
            server.login(settings.notice_smtp_user, settings.notice_smtp_password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server


def _message(notice: Notice, settings: Settings) -> EmailMessage:
    message = EmailMessage()
    sender = settings.notice_mail_from or ""
    message["From"] = sender
    message["To"] = ", ".join(settings.notice_mail_to)
    message["Subject"] = f"{notice.title} ({notice.error.step}: {notice.error.code})"
    message["Date"] = format_datetime(notice.occurred_at)
    message["Message-ID"] = make_msgid(domain=sender.partition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notice.text() + "\n")
    return message
