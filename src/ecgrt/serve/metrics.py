"""What Prometheus reads at /metrics: counts and times, nothing of any record."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

#: Seconds, from a short record's to a night's.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The metrics of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "ecgrt_requests", "Requests answered", ("path", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "ecgrt_request_seconds",
            "From a request's first byte to its answer",
            ("path",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.record_seconds = Counter(
            "ecgrt_record_seconds", "Seconds of ECG classified", registry=self.registry
        )
        self.working = Gauge(
            "ecgrt_working", "Requests computed or waiting", registry=self.registry
        )
        self.streams = Gauge("ecgrt_streams", "Streams that are open", registry=self.registry)

    def text(self) -> bytes:
        """Return all of them in Prometheus' text format."""
        return generate_latest(self.registry)
