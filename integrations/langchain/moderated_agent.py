"""An agent whose messages and answers scopesift moderates: MODEL=openai:gpt-4o-mini python moderated_agent.py TEXT."""

from __future__ import annotations

import os
import sys
from typing import Any

from langchain.agents import create_agent
from langchain.chat_models import BaseChatModel, init_chat_model
from langchain_openai.middleware import OpenAIModerationMiddleware
from openai import AsyncOpenAI, OpenAI


def moderation(url: str, api_key: str, **settings: Any) -> OpenAIModerationMiddleware:
    """LangChain's middleware for OpenAI's moderation, which asks scopesift.

    Args:
        url: Of the service, without `/v1`.
        api_key: One of its keys; any text if it has none.
        settings: Of the middleware, such as `exit_behavior="error"` or `check_tool_results=True`.
    """
    return OpenAIModerationMiddleware(
        client=OpenAI(base_url=f"{url}/v1", api_key=api_key, timeout=5.0),
        async_client=AsyncOpenAI(base_url=f"{url}/v1", api_key=api_key, timeout=5.0),
        **settings,
    )


def moderated_agent(model: BaseChatModel, url: str, api_key: str, **settings: Any) -> Any:
    """An agent with that middleware; flagged messages never reach the model."""
    return create_agent(model, middleware=[moderation(url, api_key, **settings)])


if __name__ == "__main__":
    agent = moderated_agent(
        init_chat_model(os.environ["MODEL"]),
        os.environ.get("SCOPESIFT_URL", "http://127.0.0.1:3000"),
        os.environ.get("SCOPESIFT_API_KEY", "none"),
    )
    answer = agent.invoke({"messages": [("user", sys.argv[1])]})
    print(answer["messages"][-1].text)
