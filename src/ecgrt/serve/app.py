"""The application: a path, a question to the library, its answer as JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, File, Form, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from .._core import Classifier, __version__
from ..records import Record
from .gate import Gate
from .limits import Limits
from .metrics import Metrics
from .models import Health, PredictionOut, Probability, Problem, SignalIn
from .records import RefusalError, of_files, of_numbers
from .stream import add_stream
from .work import Workers

#: What any path that computes may answer besides 200.
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    408: {"model": Problem, "description": "The body came too slowly"},
    413: {"model": Problem, "description": "The body is too large, or the record too long"},
    422: {"model": Problem, "description": "This is no ECG that can be classified"},
    429: {"model": Problem, "description": "Too many requests a minute"},
    503: {"model": Problem, "description": "Too many requests are waiting"},
    504: {"model": Problem, "description": "The answer took too long"},
}
_BAD_FORM: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The form cannot be read"}
}

Files = Annotated[list[UploadFile], File(description="A record's file, or a header with its files")]
Rate = Annotated[float | None, Form(ge=10, le=100_000, description="Hz, if no file tells")]
Unit = Annotated[
    str | None, Form(max_length=40, description="V, mV, uV, nV or a step, if no file tells")
]
Lead = Annotated[str | None, Form(max_length=40, description="Of several: its name or number")]


class Service:
    """What the paths share."""

    def __init__(self, classifier: Classifier, limits: Limits) -> None:
        self.classifier = classifier
        self.limits = limits
        self.metrics = Metrics()
        self.workers = Workers(limits, self.metrics)

    async def ask(
        self,
        read: Callable[[], AbstractContextManager[Record]],
        answer: Callable[[Record], dict[str, Any]],
    ) -> JSONResponse:
        """Read a record and answer, beside the event loop."""

        def work() -> tuple[float, dict[str, Any]]:
            try:
                with read() as record:
                    self.check(record)
                    return record.duration, answer(record)
            except (ValueError, TypeError) as error:
                raise RefusalError(422, str(error)) from None

        seconds, values = await self.workers.run(work)
        self.metrics.record_seconds.inc(seconds)
        return JSONResponse(values)

    def check(self, record: Record) -> None:
        """Refuse a record that is too long."""
        if record.duration > self.limits.record_seconds:
            raise RefusalError(
                413,
                f"the record lasts longer than {self.limits.record_seconds:g} s; send it in parts, "
                "or as a stream",
            )

    def predict(self, record: Record, min_confidence: float) -> dict[str, Any]:
        """Answer as ``Classifier.predict``."""
        return self.classifier.predict(record, min_confidence=min_confidence).to_dict()

    def timeline(self, record: Record) -> dict[str, Any]:
        """Answer as ``ecgrt.timeline``."""
        from ..rhythm.export import to_dict
        from ..rhythm.timeline import timeline

        return to_dict(timeline(self.classifier, record))


def make_app(classifier: Classifier, limits: Limits) -> FastAPI:
    """Return the application of one classifier."""
    service = Service(classifier, limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.workers.close()

    app = FastAPI(
        title="ecgrt",
        version=__version__,
        description="Rhythm of a single-lead ECG. **Not a medical device.**",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
    )
    app.include_router(_questions(service))
    app.include_router(_state(service))
    add_stream(app, service.classifier, limits, service.metrics, service.workers)
    app.add_exception_handler(RefusalError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_middleware(Gate, limits=limits, metrics=service.metrics)
    return app


def _questions(service: Service) -> APIRouter:
    router = APIRouter(responses=_PROBLEMS)

    @router.post("/predict", response_model=PredictionOut)
    async def predict(body: SignalIn) -> Response:
        """Classify a record: numbers in JSON."""
        return await service.ask(
            lambda: of_numbers(body), lambda record: service.predict(record, body.min_confidence)
        )

    @router.post("/predict/file", response_model=PredictionOut, responses=_BAD_FORM)
    async def predict_file(
        files: Files,
        fs: Rate = None,
        unit: Unit = None,
        lead: Lead = None,
        min_confidence: Annotated[Probability, Form()] = 0.0,
    ) -> Response:
        """Classify a record: a file of any format that ecgrt reads."""
        return await service.ask(
            lambda: of_files(files, fs, unit, lead),
            lambda record: service.predict(record, min_confidence),
        )

    @router.post("/timeline", response_model=dict[str, Any])
    async def timeline(body: SignalIn) -> Response:
        """Tell episodes, burden and heart rate of a long record: numbers in JSON."""
        return await service.ask(lambda: of_numbers(body), service.timeline)

    @router.post("/timeline/file", response_model=dict[str, Any], responses=_BAD_FORM)
    async def timeline_file(
        files: Files, fs: Rate = None, unit: Unit = None, lead: Lead = None
    ) -> Response:
        """Tell episodes, burden and heart rate of a long record: a file."""
        return await service.ask(lambda: of_files(files, fs, unit, lead), service.timeline)

    return router


def _state(service: Service) -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    async def health() -> Health:
        """Tell that the server answers, and with which model."""
        classifier = service.classifier
        return Health(
            status="ok",
            version=__version__,
            backend=classifier.backend,
            classes=list(classifier.classes),
            model=classifier.metadata,
        )

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Tell counts and times, for Prometheus."""
        return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return router


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RefusalError)
    headers = {"Retry-After": "1"} if error.status == 503 else None
    return JSONResponse({"detail": error.detail}, error.status, headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    """Tell what is wrong with a body and where, but nothing that is in it."""
    assert isinstance(error, RequestValidationError)
    faults = [
        f"{'.'.join(str(part) for part in fault['loc'][:2])}: {fault['msg']}"
        for fault in error.errors()[:5]
    ]
    return JSONResponse({"detail": "; ".join(faults)}, 422)
