"""Optional OpenTelemetry tracing: one span per request, named by its route, sent to an OTLP/HTTP collector.

BentoML's own tracing stays off: it sends whole URLs, in which Perspective's clients put their key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from scopesift_files.errors import UsageError

from scopesift_service.http.call import Call

Span = Callable[[Call, str], AbstractContextManager[Any]]


def tracer(endpoint: str) -> Span:
    """Opens spans that continue the caller's trace, if its headers name one.

    Args:
        endpoint: URL of the collector's traces, such as http://localhost:4318/v1/traces.

    Raises:
        UsageError: The exporter is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise UsageError(
            "SCOPESIFT_OTEL_ENDPOINT is set, but the exporter is missing; install 'scopesift[service]'"
        ) from None
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "scopesift"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return spans_of(provider)


def spans_of(provider: Any) -> Span:
    """Opens spans of a tracer provider."""
    from opentelemetry.propagate import extract
    from opentelemetry.trace import SpanKind, StatusCode

    source = provider.get_tracer("scopesift_service")

    @contextmanager
    def span(call: Call, route: str) -> Iterator[None]:
        name = f"{call.method} {route}"
        with source.start_as_current_span(name, extract(call.headers), kind=SpanKind.SERVER) as opened:
            call.note["trace_id"] = f"{opened.get_span_context().trace_id:032x}"
            opened.set_attribute("http.request.method", call.method)
            opened.set_attribute("http.route", route)
            opened.set_attribute("scopesift.request_id", call.request_id)
            yield
            for field in ("texts", "characters", "error"):
                if field in call.note:
                    opened.set_attribute(f"scopesift.{field}", call.note[field])
            if call.note.get("error") in ("internal_error", "text_failed"):
                opened.set_status(StatusCode.ERROR)

    return span
