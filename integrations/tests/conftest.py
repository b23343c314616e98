"""A running service, shared with the tests of the service itself."""

import os

# what tests read is not kept in the cache of the person who runs them
os.environ["SCOPESIFT_CACHE"] = "off"

pytest_plugins = ("tests.live_servers",)
