"""The reader page in a browser.

This is a package, so that one browser serves only these tests: Playwright keeps an event loop running in the tests'
thread.
"""
