"""LangChain's own moderation middleware, asked through the recipe; the chat model is LangChain's fake."""

import asyncio
import importlib.util

import pytest

pytest.importorskip("langchain")
pytest.importorskip("langchain_openai")
openai = pytest.importorskip("openai")

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def recipe(folder):
    spec = importlib.util.spec_from_file_location(
        "moderated_agent", folder / "langchain" / "moderated_agent.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def agent(recipe, live):
    """`agent("what the model says", …)`: an agent and what its model was asked."""
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    def agent(says, url=live.url, api_key="live-key", **settings):
        asked = []

        class Model(GenericFakeChatModel):
            def _generate(self, messages, *args, **kwargs):
                asked.append(messages)
                return super()._generate(messages, *args, **kwargs)

        model = Model(messages=iter([AIMessage(says)] * 3))
        return recipe.moderated_agent(model, url, api_key, **settings), asked

    return agent


def last(answer):
    return answer["messages"][-1].text


def say(text):
    return {"messages": [("user", text)]}


def test_a_message_and_an_answer_that_nothing_is_wrong_with_pass(agent, texts):
    made, asked = agent(texts.clean)
    assert last(made.invoke(say("Hello"))) == texts.clean
    assert last(asyncio.run(made.ainvoke(say("Hello")))) == texts.clean
    assert len(asked) == 2


def test_a_flagged_message_never_reaches_the_model(agent, texts):
    made, asked = agent(texts.clean)
    for answer in (made.invoke(say(texts.flagged)), asyncio.run(made.ainvoke(say(texts.flagged)))):
        assert "flagged for toxicity" in last(answer)
    assert not asked


def test_a_flagged_answer_is_not_the_last_word(agent, texts):
    made, _ = agent(texts.flagged)
    assert "flagged for toxicity" in last(made.invoke(say(texts.clean)))
    replaced, _ = agent(texts.flagged, exit_behavior="replace", violation_message="withheld: {categories}")
    answer = replaced.invoke(say(texts.clean))
    assert last(answer) == "withheld: toxicity"
    assert texts.flagged not in str(answer)


def test_as_an_error_it_says_where_and_why(agent, texts):
    from langchain_openai.middleware.openai_moderation import OpenAIModerationError

    made, _ = agent(texts.clean, exit_behavior="error")
    with pytest.raises(OpenAIModerationError, match="toxicity") as caught:
        made.invoke(say(texts.flagged))
    assert caught.value.stage == "input"
    assert caught.value.result.flagged


def test_without_the_service_or_with_a_wrong_key_nothing_passes(agent, texts, nobody):
    made, asked = agent(texts.clean, url=nobody)
    with pytest.raises(openai.APIConnectionError):
        made.invoke(say(texts.clean))
    made, asked = agent(texts.clean, api_key="wrong")
    with pytest.raises(openai.AuthenticationError):
        made.invoke(say(texts.clean))
    assert not asked
