"""Who may ask a webserver that has no login: this machine's user, from the webserver's own pages or a script.

Dagster's webserver executes a mutation for whoever reaches it, by GET too, so any page that is open in the
same browser could start runs or wipe assets (cross-site request forgery, DNS rebinding). The rules are those
of deploy/instance/nginx/vdata.conf.
"""

import re
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

LOCAL = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]+)?")
READING = ("GET", "HEAD")
POLICY_VIOLATION = 1008


class SameOriginOnly:
    """ASGI middleware that passes on what :func:`refusal` finds nothing wrong with, and forbids framing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or WebSocket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def unframed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Frame-Options"] = "DENY"
            await send(message)

        refused = refusal(scope)
        if refused is None:
            await self._app(scope, receive, unframed)
        elif scope["type"] == "websocket":
            await WebSocketClose(POLICY_VIOLATION, refused[1])(scope, receive, send)
        else:
            await PlainTextResponse(refused[1] + "\n", refused[0])(scope, receive, unframed)


def refusal(scope: Scope) -> tuple[HTTPStatus, str] | None:
    """Why a request is not answered, with its HTTP status; None if it is.

    Args:
        scope: ASGI connection scope of type http or websocket.
    """
    headers = Headers(scope=scope)
    (host, *others) = headers.getlist("host") or [""]
    if others or not LOCAL.fullmatch(host):
        return HTTPStatus.MISDIRECTED_REQUEST, "this server answers as 127.0.0.1 and localhost only"
    if scope["type"] == "http" and scope["method"] in READING:
        # A mutation by GET is a link in a mail; Dagster's pages send their queries by POST.
        if scope["path"].startswith("/graphql") and scope["query_string"]:
            return HTTPStatus.METHOD_NOT_ALLOWED, "queries come by POST"
        return None
    origin = headers.get("origin")
    own = origin in (f"http://{host}", f"https://{host}")
    # Programs send neither header, but a WebSocket without an origin is no page of ours.
    by_program = origin is None and scope["type"] == "http"
    if not (own or by_program) or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return HTTPStatus.FORBIDDEN, f"a request from a page of {origin or 'another site'}"
    # What a form or a script of another site cannot send without asking first.
    media_type = headers.get("content-type", "").split(";")[0].strip().lower()
    if scope["type"] == "http" and media_type != "application/json":
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a request that changes something is application/json"
    return None
