"""The filter in Open WebUI's own loader and filter processing, read from its package; its database is faked."""

import asyncio
import importlib
import sys
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.timeout(900)
ROOT = Path(__file__).resolve().parents[3]
ID = "scopesift"
WRONG = "^The moderation filter's settings are wrong: "
MISTYPED = [
    "127.0.0.1:3471",
    "http//127.0.0.1:3000",
    "",
    "htp://127.0.0.1:3000",
    "http:/127.0.0.1:3000",
    "http://http://127.0.0.1:3000",
    "http://127.0.0.1:99999",
    "http://127.0.0.1:3O00",
    "http://:3000",
    "http://127.0.0.1 :3000",
    "http://scopesift..local",
    "http://127.0.0.1:3000/?key=k",
]
ADDRESSES = ["http://127.0.0.1:3000", "https://müller.de/moderation/", "http://[::1]:80", "http://my_service"]


@pytest.fixture(scope="module")
def stored(folder):
    """What Open WebUI's database has of the function: its text and the valves that an administrator saved."""
    content = (folder / "open-webui" / "scopesift_filter.py").read_text(encoding="utf-8")
    return SimpleNamespace(id=ID, content=content, valves={})


@pytest.fixture(scope="module")
def open_webui(stored):
    """Open WebUI's modules `plugin` and `filter`, on a database of one function."""
    wheel = next((ROOT / ".open-webui").glob("open_webui-*.whl"), None)
    if wheel is None:
        pytest.skip("`make integrations` downloads open-webui's package")

    class Functions:
        @staticmethod
        async def get_active_filter_ids():
            return [(ID, True)]

        @staticmethod
        async def get_functions_by_ids(ids):
            return [stored]

        @staticmethod
        async def get_function_by_id(one):
            return stored

        @staticmethod
        async def get_function_valves_by_ids(ids):
            return {ID: stored.valves}

        @staticmethod
        async def update_function_by_id(one, changes):
            raise AssertionError(f"the function could not be loaded: {changes}")

    settings = {
        "ENABLE_FUNCTIONS": True,
        "ENABLE_TOOLS": True,
        "ENABLE_PIP_INSTALL_FRONTMATTER_REQUIREMENTS": True,
        "OFFLINE_MODE": False,
        "PIP_OPTIONS": [],
        "PIP_PACKAGE_INDEX_OPTIONS": [],
    }
    faked = {
        "open_webui": {"__path__": [f"{wheel}/open_webui"]},
        "open_webui.utils": {"__path__": [f"{wheel}/open_webui/utils"]},
        "open_webui.env": settings,
        "open_webui.models": {"__path__": []},
        "open_webui.models.functions": {"Functions": Functions, "FunctionModel": object},
        "open_webui.models.tools": {"Tools": object},
    }
    before = set(sys.modules)
    for name, contents in faked.items():
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(contents)
    yield SimpleNamespace(
        plugin=importlib.import_module("open_webui.utils.plugin"),
        filter=importlib.import_module("open_webui.utils.filter"),
    )
    for name in set(sys.modules) - before:
        if name.startswith("open_webui"):
            del sys.modules[name]


@pytest.fixture
def call(open_webui, stored, live):
    """`call("inlet", body, url=…)`: what comes of a body with these valves, as Open WebUI's chats call filters."""
    request = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace()), state=SimpleNamespace())
    user = {"id": "u", "role": "user"}

    async def process(kind, form_data, message_id="m"):
        processing = open_webui.filter
        form_data, _ = await processing.process_filter_functions(
            request=request,
            filter_context=None if kind == "outlet" else processing.FilterContext(),
            filter_functions=await processing.get_filter_functions(request, {}, []),
            filter_type=kind,
            form_data=form_data,
            extra_params={"__user__": user, "__metadata__": {"message_id": message_id}, "__model__": {}},
        )
        return form_data

    def call(kind, form_data, **valves):
        stored.valves = {"url": live.url, "api_key": "live-key", "timeout": 60, **valves}
        return asyncio.run(process(kind, form_data))

    def stream(events, **valves):
        stored.valves = {"url": live.url, "api_key": "live-key", "timeout": 60, **valves}

        async def run():
            return [await process("stream", event, message_id) for message_id, event in events]

        return asyncio.run(run())

    call.stream = stream
    return call


@pytest.fixture
def valves_class(open_webui, stored):
    """What Open WebUI checks settings with when they are saved."""
    function, *_ = asyncio.run(open_webui.plugin.load_function_module_by_id(ID, stored.content))
    return function.Valves


@pytest.fixture
def another_program():
    """`another_program(status, content)`: the address of one that answers every request so."""
    started = []

    def start(status, content, location=None):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content.encode())

            def log_message(self, *arguments):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        started.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def chat(*messages):
    return {"model": "m", "messages": [{"role": role, "content": content} for role, content in messages]}


def written(answer, message_id="m", event_id="e"):
    """A streamed answer, a word an event, and its end."""
    words = [{"delta": {"content": f"{word} "}} for word in answer.split()]
    return [
        (message_id, {"id": f"{event_id}{n}", "choices": [choice]})
        for n, choice in enumerate([*words, {"delta": {}, "finish_reason": "stop"}])
    ]


def shown(events):
    return "".join(event["choices"][0]["delta"].get("content") or "" for event in events)


def test_open_webui_loads_the_file_as_a_filter_that_installs_nothing(open_webui, stored):
    loaded = asyncio.run(open_webui.plugin.load_function_module_by_id(ID, stored.content))
    function, kind, frontmatter, _ = loaded
    assert kind == "filter"
    assert {"title", "author", "version", "license", "description"} <= set(frontmatter)
    assert "requirements" not in frontmatter
    schema = function.Valves.schema()
    assert all(
        "description" in one or name.endswith("_message") for name, one in schema["properties"].items()
    )
    assert schema["properties"]["messages"]["enum"] == ["last", "user", "all"]


def test_a_flagged_message_is_refused_with_what_the_user_reads(call, texts):
    with pytest.raises(Exception, match=r"^This message was not sent\. It was flagged for toxicity\.$"):
        call("inlet", chat(("user", texts.flagged)))
    with pytest.raises(Exception, match=r"^No \(toxicity\)$"):
        call("inlet", chat(("user", texts.flagged)), refused_message="No ({classifiers})")


def test_another_message_reaches_the_model_unchanged(call, texts):
    body = chat(("system", "Be kind."), ("user", texts.clean))
    assert call("inlet", body) == chat(("system", "Be kind."), ("user", texts.clean))


@pytest.mark.parametrize(("cut", "refused"), [("0.01", True), ("0.99", False)])
def test_the_cut_of_the_settings_decides(call, texts, cut, refused):
    for text in (texts.flagged, texts.clean):
        if refused:
            with pytest.raises(Exception, match="flagged for toxicity"):
                call("inlet", chat(("user", text)), thresholds=f"toxicity={cut}")
        else:
            call("inlet", chat(("user", text)), thresholds=f"toxicity={cut}")


@pytest.mark.parametrize(
    ("role", "refused_with"), [("system", {"all"}), ("user", {"user", "all"}), ("assistant", {"all"})]
)
def test_the_settings_say_which_messages_are_checked(call, texts, role, refused_with):
    body = chat((role, texts.flagged), ("user", texts.clean))
    refused = set()
    for messages in ("last", "user", "all"):
        try:
            call("inlet", body, messages=messages)
        except Exception:
            refused.add(messages)
    assert refused == refused_with


def test_the_text_beside_an_image_is_checked(call, texts):
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}
    with pytest.raises(Exception, match="flagged"):
        call("inlet", chat(("user", [image, {"type": "text", "text": texts.flagged}])))
    call("inlet", chat(("user", [image])))


def test_messages_without_text_pass(call):
    body = chat(("assistant", None), ("user", ""), ("user", []), ("user", [{"type": "text", "text": None}]))
    assert call("inlet", body, messages="all") == body
    assert call("inlet", {"model": "m"}) == {"model": "m"}
    assert call("outlet", chat(("user", "Hello"))) == chat(("user", "Hello"))


def test_a_message_longer_than_a_call_is_read_to_its_end(call, texts):
    long = "The train leaves at eight. " * 2_600
    assert len(long) > 65_536
    call("inlet", chat(("user", long)))
    with pytest.raises(Exception, match="flagged"):
        call("inlet", chat(("user", f"{long}\n{texts.flagged}")))


def test_more_messages_than_a_call_may_have_are_all_checked(call, texts):
    many = [("user", texts.clean)] * 70
    with pytest.raises(Exception, match="flagged"):
        call("inlet", chat(*many, ("user", texts.flagged)), messages="all")


def test_a_flagged_answer_is_replaced_in_all_that_open_webui_shows_of_it(call, texts):
    body = chat(("user", texts.clean), ("assistant", texts.flagged))
    body["messages"][1]["output"] = [
        {"type": "message", "content": [{"type": "output_text", "text": texts.flagged}]}
    ]
    _, answer = call("outlet", body)["messages"]
    assert answer["content"] == "This answer is withheld. It was flagged for toxicity."
    assert texts.flagged not in str(answer)
    assert answer["output"][0]["content"][0]["text"] == answer["content"]


def test_another_answer_and_answers_that_are_not_to_be_checked_stay(call, texts):
    body = chat(("user", texts.clean), ("assistant", texts.clean))
    assert call("outlet", body)["messages"][1]["content"] == texts.clean
    body = chat(("user", texts.clean), ("assistant", texts.flagged))
    assert call("outlet", body, check_answers=False)["messages"][1]["content"] == texts.flagged


def test_nothing_more_of_a_streamed_answer_is_shown_once_it_is_flagged(call, texts):
    answer = f"{texts.clean} and {texts.flagged} and so on"
    events = call.stream(written(answer), stream_characters=1)
    assert shown(events).endswith("This answer is withheld. It was flagged for toxicity.")
    assert texts.clean in shown(events)
    assert "so on" not in shown(events)
    assert len(events) == len(written(answer))


def test_a_streamed_answer_is_checked_at_its_end_however_short_it_is(call, texts):
    events = call.stream(written(texts.flagged), stream_characters=400)
    assert shown(events).endswith("It was flagged for toxicity.")


def test_answers_that_are_streamed_at_once_do_not_mix(call, texts):
    pairs = zip(written(texts.flagged, "one"), written("The train leaves at eight.", "two"), strict=True)
    events = [one for pair in pairs for one in pair]
    done = call.stream(events, stream_characters=1)
    assert "withheld" in shown(done[::2])
    assert shown(done[1::2]) == "The train leaves at eight. "


def test_events_that_are_not_text_pass(call):
    for event in ({"choices": []}, {"usage": {"total_tokens": 3}}, {"type": "response.created"}):
        assert call.stream([("m", dict(event))]) == [event]


def test_without_the_service_nothing_passes_unless_the_settings_say_so(call, texts, nobody):
    unavailable = "Messages cannot be checked at the moment. Please try again later."
    message, answer = chat(("user", texts.clean)), chat(("assistant", texts.clean))
    with pytest.raises(Exception, match=unavailable):
        call("inlet", message, url=nobody)
    assert call("outlet", answer, url=nobody)["messages"][0]["content"] == unavailable
    assert shown(call.stream(written(texts.clean), url=nobody, stream_characters=1)) == unavailable
    assert call("inlet", chat(("user", texts.flagged)), url=nobody, fail_open=True)
    assert shown(call.stream(written(texts.clean), url=nobody, fail_open=True)) == f"{texts.clean} "


def test_a_service_that_takes_too_long_counts_as_down(call, texts, silent):
    with pytest.raises(Exception, match="cannot be checked"):
        call("inlet", chat(("user", texts.clean)), url=silent, timeout=0.2)
    call("inlet", chat(("user", texts.clean)), url=silent, timeout=0.2, fail_open=True)


@pytest.mark.parametrize(
    "valves",
    [
        {"classifiers": "insult"},
        {"classifiers": "toxicity, language"},
        {"thresholds": "language=0.5"},
        {"api_key": "wrong"},
        {"thresholds": "toxicity"},
    ],
    ids=str,
)
def test_wrong_settings_let_nothing_through_even_if_it_fails_open(call, texts, valves):
    with pytest.raises(Exception, match=WRONG):
        call("inlet", chat(("user", texts.clean)), fail_open=True, **valves)


@pytest.mark.parametrize("url", MISTYPED)
@pytest.mark.parametrize("fail_open", [True, False])
def test_a_mistyped_address_lets_nothing_through_and_says_what_is_wrong(call, texts, url, fail_open):
    with pytest.raises(Exception, match=f"{WRONG}url must have http or https, a host, a port") as caught:
        call("inlet", chat(("user", texts.clean)), url=url, fail_open=fail_open)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("content", ["<html></html>", '{"detail": "Not Found"}', '{"error": "no"}', "[]"])
def test_an_address_of_another_program_lets_nothing_through(call, texts, another_program, status, content):
    url = another_program(status, content)
    with pytest.raises(
        Exception, match=rf"{WRONG}url does not lead to a scopesift service \(status {status}\)$"
    ):
        call("inlet", chat(("user", texts.clean)), url=url, fail_open=True)


@pytest.mark.parametrize("location", ["http://127.0.0.1:99999/", "ftp://127.0.0.1/"])
def test_an_address_that_leads_to_one_that_cannot_be_called_lets_no_answer_through(
    call, texts, another_program, location
):
    url = another_program(307, "", location)
    answer = call("outlet", chat(("assistant", texts.clean)), url=url, fail_open=True)["messages"][0]
    assert answer["content"] == "The moderation filter's settings are wrong: url cannot be called"


def test_a_gateway_that_does_not_reach_the_service_counts_as_down(call, texts, another_program):
    url = another_program(502, "<html></html>")
    assert call("inlet", chat(("user", texts.clean)), url=url, fail_open=True)
    with pytest.raises(Exception, match="cannot be checked"):
        call("inlet", chat(("user", texts.clean)), url=url)


def test_what_cannot_be_read_is_refused_when_the_settings_are_saved(valves_class):
    with pytest.raises(Exception, match=r"like toxicity=0\.8, separated by commas, got 'toxicity'"):
        valves_class(thresholds="toxicity")
    with pytest.raises(Exception, match=r"such as http://127\.0\.0\.1:3000, got '127\.0\.0\.1:3471'"):
        valves_class(url="127.0.0.1:3471")


@pytest.mark.parametrize("url", ADDRESSES)
def test_addresses_that_can_be_called_are_accepted(valves_class, url):
    assert valves_class(url=f" {url}\n").url == url
