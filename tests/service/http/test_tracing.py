from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from scopesift_service.http.admission import Admission
from scopesift_service.http.edge import Edge
from scopesift_service.http.tracing import spans_of
from scopesift_service.settings import ServiceSettings

PARENT = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


def test_a_span_continues_the_callers_trace_and_holds_no_text_and_no_query(service):
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    settings = ServiceSettings()
    service.app = Edge(service.app._table, settings, Admission(settings), span=spans_of(provider))
    service.ask(
        "POST", "/v1/classify?key=hidden", {"texts": ["hidden text"]}, headers={"traceparent": PARENT}
    )
    service.ask("GET", "/hidden")
    first, second = exporter.get_finished_spans()
    assert (first.name, second.name) == ("POST /v1/classify", "GET other")
    assert f"{first.context.trace_id:032x}" == "a" * 32
    assert first.attributes["scopesift.texts"] == 1
    assert second.attributes["scopesift.error"] == "not_found"
    assert "hidden" not in first.to_json() + second.to_json()


def test_the_exporter_that_the_setting_turns_on_is_installed():
    from scopesift_service.http.tracing import tracer

    assert callable(tracer("http://127.0.0.1:9/v1/traces"))
