"""An S3 server on loopback, moto's, which fails as it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

#: What becomes of a request, by its method and path: "" it is answered, "busy" or "cut".
Fault = Callable[[str, str], str]


class S3:
    """Attributes: `url`; `fault`, to be set; `asked`, all requests so far."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.url = ""
        self.fault: Fault = lambda method, path: ""
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        request = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.asked.append(request)
        fault = self.fault(*request)
        if fault == "busy":
            start("503 Slow Down", [("Content-Type", "application/xml")])
            return [b"<Error><Code>SlowDown</Code><Message>Slow down</Message></Error>"]
        if fault == "cut":
            start("200 OK", [("Content-Length", "100000"), ("Content-Type", "binary/octet-stream")])
            return [b"PAR1"]
        return iter(self._moto(environ, start))


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[S3]:
    """Run a server while the block lasts."""
    store = S3()
    server = make_server("127.0.0.1", 0, store, threaded=True, request_handler=_Quiet)
    store.url = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
