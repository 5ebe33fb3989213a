"""The browser: the system's Chromium, driven by Playwright. `CHROMIUM` names another one.

Without a browser the tests that need one are skipped and say so; with `CI=true` any skip is a failure.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MILLISECONDS = 15_000


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make screenshots` say where to put them."""
    parser.addoption("--screenshots", metavar="DIRECTORY", help="keep the README's screenshots here")


@pytest.fixture
def screenshots(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the directory for screenshots: the one asked for, or one that is thrown away."""
    directory = Path(request.config.getoption("--screenshots") or tmp_path)
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return the browser; its contexts are the test's own."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium on this machine: install chromium or google-chrome, or set CHROMIUM=/path")
    arguments = ["--disable-dev-shm-usage"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Chromium's sandbox refuses to run as root, as tests do in containers.
        arguments.append("--no-sandbox")
    # Long, for a busy machine; assertions return as soon as they hold.
    expect.set_options(timeout=MILLISECONDS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=arguments)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return an empty page of a browser without cookies."""
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(MILLISECONDS)
    yield context.new_page()
    context.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Fail skipped tests in CI, where a skip would go unnoticed."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]  # a hook wrapper is sent pluggy's result
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
