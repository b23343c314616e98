import pytest
from scopesift_files.errors import UsageError
from scopesift_service.settings import ServiceSettings


def read(**environ):
    return ServiceSettings.from_env({f"SCOPESIFT_{name}": value for name, value in environ.items()})


def test_an_empty_environment_gives_the_defaults():
    assert ServiceSettings.from_env({}) == ServiceSettings()
    assert read(MAX_TEXTS=" ", API_KEYS="") == ServiceSettings()


def test_values_are_read_as_what_they_are():
    found = read(
        MAX_TEXTS="3",
        TIMEOUT="1.5",
        API_KEYS="a, b,",
        CLASSIFIERS="toxicity",
        STATE="/tmp/x",
        LOG_LEVEL="debug",
        HEAD="onnx",
        ONNX_PROVIDER="cpu",
    )
    assert (found.max_texts, found.timeout, found.api_keys) == (3, 1.5, ("a", "b"))
    assert (found.classifiers, str(found.state), found.log_level) == (("toxicity",), "/tmp/x", "DEBUG")
    assert found.head == "onnx"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_TEXTS", "many"), ("MAX_TEXTS", "0"), ("MAX_TEXTS", "1.5"), ("TIMEOUT", "-1"), ("TIMEOUT", "inf"),
        ("TIMEOUT", "nan"), ("ADMIN_TOKEN", "short"), ("LOG_LEVEL", "LOUD"), ("OTEL_ENDPOINT", "localhost:4318"),
        ("PUBLIC_URL", "example.org"), ("PERSPECTIVE_MISSING", "drop"), ("PERSPECTIVE_ATTRIBUTES", "TOXICITY"),
        ("OPENAI_CATEGORIES", "harrassment=toxicity"), ("MAX_SUGGESTIONS", "0"), ("STEERING", "on"),
        ("STEERING", "yes"), ("ADMIN_TOKENS", "only-a-token-without-its-name"), ("ADMIN_TOKENS", "alice=short"),
        ("ADMIN_TOKENS", f"={'s' * 20}"), ("ADMIN_TOKENS", f"al ice={'s' * 20}"), ("ADMIN_TOKENS", f"admin={'s' * 20}"),
        ("ADMIN_TOKENS", f"alice={'s' * 20},alice={'t' * 20}"), ("ADMIN_TOKENS", f"alice={'s' * 20},bob={'s' * 20}"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_one_line_that_names_the_variable(name, value):
    with pytest.raises(UsageError, match=f"SCOPESIFT_{name}"):
        read(**{name: value})


def test_admin_tokens_have_the_names_of_their_holders_and_one_may_have_none():
    found = read(ADMIN_TOKEN="x" * 20, ADMIN_TOKENS=f"alice={'s' * 20}, bob={'t' * 18}==")
    assert found.admins == {"admin": "x" * 20, "alice": "s" * 20, "bob": "t" * 18 + "=="}
    assert read(ADMIN_TOKENS=f"alice={'s' * 20}", STATE="/tmp/x").transfer_enabled
    assert read(ADMIN_TOKENS=f"alice={'s' * 20}", STEERING="on").steering_enabled


def test_an_error_about_tokens_holds_none():
    for value in (f"alice{'s' * 20}", f"al ice={'s' * 20}", "alice=sss", f"alice={'s' * 20},bob={'s' * 20}"):
        with pytest.raises(UsageError) as refused:
            read(ADMIN_TOKENS=value)
        assert "sss" not in str(refused.value)


def test_one_token_can_not_stand_for_two_names_and_no_token_is_none():
    with pytest.raises(UsageError, match="also in SCOPESIFT_ADMIN_TOKENS"):
        read(ADMIN_TOKEN="s" * 20, ADMIN_TOKENS=f"alice={'s' * 20}")
    with pytest.raises(UsageError, match="needs SCOPESIFT_ADMIN_TOKEN"):
        read(STEERING="on", ADMIN_TOKENS=",")


@pytest.mark.parametrize("name", ["insult", "Insult"])
def test_a_lower_case_attribute_is_refused_with_its_spelling_since_no_client_asks_for_it(name):
    with pytest.raises(UsageError, match=f"has '{name}', but .* upper case; write INSULT$"):
        read(PERSPECTIVE_ATTRIBUTES=f"TOXICITY=toxicity,{name}=toxicity")


def test_a_mistyped_variable_is_refused_since_it_might_have_closed_the_door():
    with pytest.raises(UsageError, match="unknown setting SCOPESIFT_API_KEY"):
        read(API_KEY="a")


def test_what_kubernetes_puts_into_the_environment_is_no_mistyped_variable():
    read(
        SERVICE_HOST="10.0.0.1",
        PORT="tcp://10.0.0.1:3000",
        PORT_3000_TCP="x",
        REDIS_SERVICE_PORT="1",
        CACHE="/x",
    )


def test_secrets_do_not_show_in_the_repr():
    shown = repr(read(ADMIN_TOKEN="s" * 20, ADMIN_TOKENS=f"alice={'t' * 20}", API_KEYS="key-of-mine"))
    assert "sss" not in shown
    assert "ttt" not in shown
    assert "key-of-mine" not in shown
