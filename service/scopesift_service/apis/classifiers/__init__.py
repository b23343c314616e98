"""The routes under /v1/classifiers: what is loaded, its versions, and what changes them."""
