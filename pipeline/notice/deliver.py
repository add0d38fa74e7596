"""Notices on their way: all channels at once, a few tries each, and never longer than a limit.

Why one did not arrive is told without addresses: the URL of a webhook is often a secret itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import requests
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from pipeline.errors import PipelineError
from pipeline.notice.mail import send_mail
from pipeline.notice.message import Notice
from pipeline.notice.problem import DeliveryError
from pipeline.settings import Settings

TRIES = 3
PAUSE_SECONDS = 0.5
_TOO_BUSY = 429
_SERVER_ERROR = 500

Send = Callable[[Notice, Settings], None]


class NoticeError(PipelineError):
    """A notice did not arrive everywhere."""

    code = "notice_failed"
    default_hint = "`schoolhouse notice` sends a test; `schoolhouse settings` shows where to."


@dataclass
class Delivery:
    """One channel: still on its way, arrived, or not arrived and why."""

    channel: str
    outcome: str = "no answer in time"
    has_arrived: bool = False


def deliver(notice: Notice, settings: Settings) -> str:
    """Send a notice over every configured channel; returns what became of it, "" when none is configured.

    Raises NoticeError when it did not arrive everywhere, naming what did and what did not.
    """
    channels = _configured(settings)
    deliveries = [Delivery(name) for name in channels]
    threads = [
        threading.Thread(
            target=_try, args=(delivery, channels[delivery.channel], notice, settings), daemon=True
        )
        for delivery in deliveries
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _longest(settings)
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    told = ", ".join(f"{delivery.channel} {delivery.outcome}" for delivery in deliveries)
    if not all(delivery.has_arrived for delivery in deliveries):
        raise NoticeError(told)
    return told


def _configured(settings: Settings) -> dict[str, Send]:
    channels: dict[str, Send] = {}
    if settings.notice_webhook_url is not None:
        channels["webhook"] = _post
    if settings.notice_smtp_host is not None:
        channels["mail"] = send_mail
    return channels


def _longest(settings: Settings) -> float:
    """Seconds for all tries: a server that sends one byte a second keeps no night waiting."""
    return TRIES * settings.notice_timeout_seconds + TRIES * PAUSE_SECONDS * 2


def _try(delivery: Delivery, send: Send, notice: Notice, settings: Settings) -> None:
    patient = Retrying(
        stop=stop_after_attempt(TRIES),
        wait=wait_exponential(multiplier=PAUSE_SECONDS),
        retry=retry_if_exception(_may_pass),
        reraise=True,
    )
    try:
        patient(send, notice, settings)
    except DeliveryError as error:
        delivery.outcome = f"failed: {error}"
    except Exception as error:
        delivery.outcome = f"failed: {type(error).__name__}"
    else:
        delivery.outcome, delivery.has_arrived = "told", True


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, DeliveryError) and error.may_pass


def _post(notice: Notice, settings: Settings) -> None:
    url = settings.notice_webhook_url.get_secret_value() if settings.notice_webhook_url else ""
    try:
        answer = requests.post(
            url,
            json=notice.to_json(),
            timeout=settings.notice_timeout_seconds,
            allow_redirects=False,
            stream=True,
        )
    except requests.RequestException as error:
        raise DeliveryError(type(error).__name__, may_pass=True) from None
    with answer:
        status = answer.status_code
    if not 200 <= status < 300:
        raise DeliveryError(f"HTTP {status}", may_pass=status == _TOO_BUSY or status >= _SERVER_ERROR)
