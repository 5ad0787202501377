# SPDX-License-Identifier: MIT
"""Serving a page to this computer alone: the server is bound to 127.0.0.1, and asks for a token that only its user knows."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs

HOST = "127.0.0.1"  # never another: whoever reaches the page can change the network
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """An ASGI application in front of another one: it answers 403 to everybody without the token.

    The first request has it in the URL, as ?token=...; a cookie carries it from then on, also to the web socket, and no
    other page's script can read or send it."""

    def __init__(self, app: App, token: str, port: int):
        self._app, self._token, self._cookie = app, token, f"liquid_monitor_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or web socket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        by_url = secrets.compare_digest(given.encode(), self._token.encode())
        if not by_url and not secrets.compare_digest(self._from_cookie(scope), self._token.encode()):
            await refuse(scope, send)
            return
        await self._app(scope, receive, self._with_cookie(send) if by_url and scope["type"] == "http" else send)

    def _from_cookie(self, scope: Scope) -> bytes:
        text = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
        found = SimpleCookie(text).get(self._cookie)
        return found.value.encode() if found else b""

    def _with_cookie(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"
                message["headers"] = [*message.get("headers", ()), (b"set-cookie", cookie.encode())]
            await send(message)

        return sending


async def refuse(scope: Scope, send: Send) -> None:
    """403, and what to do."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = b"Open the whole address that liquid-monitor printed: it ends with a token.\n"
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def serve(app: App, port: int, tell: Callable[[str], None]) -> None:
    """Serves until Ctrl-C, which it raises as KeyboardInterrupt.  port: 0 for a free one.  tell: is given the address.

    Raises OSError if the port is taken."""
    import uvicorn

    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
        port, token = listener.getsockname()[1], secrets.token_urlsafe(16)
        config = uvicorn.Config(
            Guard(app, token, port), log_level="warning", access_log=False, timeout_graceful_shutdown=1
        )
        tell(f"http://{HOST}:{port}/?token={token}")
        uvicorn.Server(config).run(sockets=[listener])
