"""The reader page in a browser. A package, so that one browser serves all of these tests and no others:
Playwright keeps an event loop running in the thread of the tests."""
