"""The command ``ecgrt-serve``."""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Sequence
from dataclasses import fields

from .. import SignalWarning
from .._extras import require
from ..serve import Limits, make_app
from .common import DONE, add_run_options, load, make_parser, run

#: Options that set a limit, and what they say.
_LIMITS = {
    "body_bytes": "bytes of a request's body",
    "body_seconds": "seconds that a body may take to arrive",
    "record_seconds": "seconds that a record may last",
    "answer_seconds": "seconds that an answer may take",
    "workers": "requests computed at the same time",
    "waiting": "requests that may wait",
    "streams": "streams that may be open",
    "requests_a_minute": "requests of one address; 0: any number",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal comes; return the exit code."""
    parser = make_parser(
        "ecgrt-serve",
        "Answer over HTTP: POST /predict and /timeline (numbers as JSON; /file after either for "
        "files), the WebSocket /stream, GET /health, /metrics (Prometheus), /docs (OpenAPI). "
        "SIGTERM lets requests finish first. It has neither TLS nor users: put it behind a proxy "
        "that has. The log holds no health data. Not a medical device.",
        "ecgrt-serve --port 8000",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (%(default)s)"
    )
    parser.add_argument("--port", type=int, default=8000, metavar="N", help="(%(default)s)")
    add_run_options(parser)
    for field in fields(Limits):
        kind = type(field.default)
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=kind,
            default=field.default,
            metavar="N",
            help=f"{_LIMITS[field.name]} (default: %(default)s)",
        )
    return run(parser, _serve, argv)


def _serve(args: argparse.Namespace) -> int:
    uvicorn = require("uvicorn", extra="serve")
    limits = Limits(**{field.name: getattr(args, field.name) for field in fields(Limits)})
    app = make_app(load(args), limits)
    # Answers tell them; and a warning's text is written where it is no one's business.
    warnings.simplefilter("ignore", SignalWarning)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    uvicorn.run(
        app,
        host=args.host,
        port=args.port,
        access_log=False,  # it has the queries
        log_config=None,
        server_header=False,
        ws_max_size=limits.body_bytes,
        timeout_graceful_shutdown=round(limits.answer_seconds),
    )
    return DONE
