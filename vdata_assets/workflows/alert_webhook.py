"""Where alerts are sent: a webhook that takes JSON by POST."""

import ipaddress
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
from pydantic import Field

VARIABLE = "VDATA_ALERT_WEBHOOK"
TIMEOUT_S = 10.0


class NotDelivered(RuntimeError):  # noqa: N818 (says what is the case, as the store's errors do)
    """The webhook did not take a message. Says why, and never where it is: its address is a secret."""


class AlertWebhookResource(dg.ConfigurableResource):
    """The webhook, by the environment variable VDATA_ALERT_WEBHOOK of the code server."""

    url: str = Field(default="", repr=False, description="https, or http on this machine; empty: no alerts")

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one message. Redirects are not followed: they could lead anywhere.

        Raises:
            ValueError: the address is none that may be used.
            NotDelivered: it cannot be reached, or answered with anything but success.
        """
        import httpx2

        check_address(self.url)
        body = json.dumps(message, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(message["id"])}
        try:
            answer = httpx2.post(
                self.url, content=body, headers=headers, timeout=TIMEOUT_S, follow_redirects=False
            )
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise NotDelivered(f"{VARIABLE} cannot be reached: {type(error).__name__}") from None
        if not answer.is_success:
            known = {status.value: status.phrase for status in HTTPStatus}
            said = f"{answer.status_code} {known.get(answer.status_code, '')}".strip()
            raise NotDelivered(f"{VARIABLE} answered {said}: the message is kept and sent again")


def check_address(url: str) -> None:
    """Whether alerts may be sent there.

    Raises:
        ValueError: it is neither https nor on this machine; the address itself is not shown.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and _loopback(parts.hostname or ""):
        return
    raise ValueError(f"{VARIABLE} is neither an https address nor http on this machine: set another one")


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
