"""A real browser, for screenshots and the tests of the pages."""
