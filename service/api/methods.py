"""Methods of HTTP that no route needs to know: HEAD is GET without its body, OPTIONS names the methods."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.addresses import Addresses


class PlainMethods:
    """Wraps the app; a GET or POST without a query passes untouched."""

    def __init__(self, app: ASGIApp, addresses: Addresses) -> None:
        self.app = app
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request.

        Raises:
            InvalidParameter: a query parameter that the address does not take.
        """
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        if scope["query_string"]:
            asked = "GET" if method == "HEAD" else method
            pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            self._addresses.check_query(asked, path, (name for name, _ in pairs))
        if method == "OPTIONS" and (methods := self._addresses.methods(path)):
            await Response(status_code=204, headers={"Allow": ", ".join(methods)})(scope, receive, send)
        elif method == "HEAD" and "HEAD" in self._addresses.methods(path):
            await self._serve_head(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _serve_head(self, scope: Scope, receive: Receive, send: Send) -> None:
        # In the scope itself: who looks at it afterwards finds the route.
        scope["method"] = "GET"

        async def send_headers(message: Message) -> None:
            """Ends the answer at once, so that a stream does not go on: the server then says that the client left."""
            if message["type"] == "http.response.start":
                # The server counts the bytes that are missing, unless it sees a HEAD.
                scope["method"] = "HEAD"
                await send(message)
                await send({"type": "http.response.body", "body": b""})

        try:
            await self.app(scope, receive, send_headers)
        finally:
            scope["method"] = "HEAD"
