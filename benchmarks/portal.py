"""`python -m benchmarks.portal`: compares the portal's pages with the calls to services that they make."""

import argparse
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import psycopg

from benchmarks import figures, http_load, report
from benchmarks.browser import Browser
from benchmarks.http_load import Exchange, Requests
from benchmarks.operations import OK
from benchmarks.processes import BenchmarkError, Cores, pinned
from benchmarks.servers import services
from benchmarks.servers.identity import PASSWORD
from benchmarks.servers.services import Services
from deploy.local.sample_city.accounts import Account, accounts

LINKED_ACCOUNTS = 3
SECONDS_TO_WARM_UP = 1.0
# Every response of the portal has its cost: the server, Flask, the security headers.
EMPTY = "empty page"
# Each page reads the profile at identity as the first page of a session does; others keep it for 15 minutes.
FORGET_PROFILES = """
CREATE FUNCTION forget_profile() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.profile_read_at := NULL; RETURN NEW; END $$;
CREATE TRIGGER forget_profile BEFORE UPDATE OF profile_read_at ON sessions
    FOR EACH ROW EXECUTE FUNCTION forget_profile();
UPDATE sessions SET profile_read_at = NULL;
"""


@dataclass(frozen=True)
class Page:
    """A page of the portal."""

    name: str
    path: str


PAGES = (
    Page("home page, 3 accounts", "/home"),
    Page("search form, 3 accounts", "/utility-billing"),
    Page("front page", "/"),
    Page(EMPTY, "/health/live"),
)
# Both services are asked.
HOME_WITH_PROFILE = Page("home page, 3 accounts, profile read", "/home")


@dataclass(frozen=True)
class Cost:
    """CPU milliseconds of one page, in each process that it uses."""

    portal: float
    portal_database: float
    identity: float
    billing_link: float
    database: float

    @property
    def calls(self) -> float:
        """Of the services that the portal asked, with their database."""
        return self.identity + self.billing_link + self.database


def main() -> int:
    """Measure, print and write; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.portal", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of which the medians are shown (5)")
    parser.add_argument("--seconds", type=float, default=2, help="of load in each run (2)")
    parser.add_argument("--residents", type=int, default=8, help="side by side (8)")
    parser.add_argument("--quick", action="store_true", help="one short round; nothing is written")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 1.0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        costs = _measure(options.residents, options.rounds, options.seconds)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; nothing was written.", file=sys.stderr)
        return 128 + signal.SIGINT
    conditions = (
        f"Medians of {options.rounds} rounds of {options.seconds:g} s, {options.residents} residents at once."
    )
    text = f"{conditions}\n\n{report.table(_rows(costs))}"
    print(f"\n{text}")
    figures.save("portal", {f"portal's {page.name}": ratio for page, ratio in _ratios(costs).items()})
    if not options.quick:
        report.write("portal", text)
    return 0


def _measure(residents: int, rounds: int, seconds: float) -> Mapping[Page, Cost]:
    cores = Cores.of_this_machine()
    with (
        tempfile.TemporaryDirectory(prefix="benchmarks-") as directory,
        services.start(Path(directory), cores, residents) as running,
        pinned(cores.load),
    ):
        cookies = _sign_in_all(running)
        costs = _rounds(PAGES, running, cookies, rounds, seconds)
        with psycopg.connect(running.portal_database_url, autocommit=True) as connection:
            connection.execute(FORGET_PROFILES)
        return _rounds([HOME_WITH_PROFILE], running, cookies, rounds, seconds) | costs


def _sign_in_all(running: Services) -> Sequence[str]:
    """Return the cookies of residents who signed in and linked accounts, all through the pages."""
    known = iter(accounts())
    return [
        _sign_in(running, email, [next(known) for _ in range(LINKED_ACCOUNTS)]) for email in running.emails
    ]


def _sign_in(running: Services, email: str, linked: Sequence[Account]) -> str:
    # Not one origin alone: the portal sends the browser to identity and gets it back.
    browser = Browser("http://")
    browser.open(f"{running.portal_address}/sign-in")
    browser.submit(email=email, password=PASSWORD)
    search = f"{running.portal_address}/utility-billing"
    for account in linked:
        browser.open(search)
        browser.post(
            search, account_number=account.account_number, customer_id=account.customer_id, remember="y"
        )
    return browser.cookies(f"{running.portal_address}/home")


def _rounds(
    pages: Sequence[Page], running: Services, cookies: Sequence[str], rounds: int, seconds: float
) -> dict[Page, Cost]:
    samples = defaultdict(list)
    loads = {page: partial(_drive, running.portal_address, page, cookies) for page in pages}
    for load in loads.values():
        load(SECONDS_TO_WARM_UP)
    for number in range(rounds):
        for page, load in loads.items():
            cost = _cost(running, partial(load, seconds))
            samples[page].append(astuple(cost))
            print(f"round {number + 1}  {page.name:36} {cost.portal:8.2f} ms")
    return {page: Cost(*map(median, zip(*of_rounds, strict=True))) for page, of_rounds in samples.items()}


def _drive(address: str, page: Page, cookies: Sequence[str], seconds: float) -> int:
    """Load the page repeatedly, for one resident on each connection; return how often."""
    parts = urlsplit(address)
    requests = Requests(parts.netloc)

    def operation(headers: str) -> Callable[[], Exchange]:
        def load() -> Exchange:
            response = yield requests.get(page.path, headers)
            response.expect(OK)

        return load

    operations = [operation(f"Cookie: {cookie}\r\nAccept-Language: en\r\n") for cookie in cookies]
    return len(http_load.drive((str(parts.hostname), parts.port or 0), operations, seconds).latencies)


def _cost(running: Services, load: Callable[[], int]) -> Cost:
    trees = (
        running.portal,
        running.portal_database,
        running.identity,
        running.billing_link,
        running.database,
    )
    before = [tree.cpu_seconds() for tree in trees]
    count = load()
    after = [tree.cpu_seconds() for tree in trees]
    return Cost(*((end - begin) / count * 1000 for begin, end in zip(before, after, strict=True)))


def _ratios(costs: Mapping[Page, Cost]) -> dict[Page, float]:
    """Return the cost of each page, with the portal's database, in times its calls and an empty page."""
    (empty,) = (cost for page, cost in costs.items() if page.name == EMPTY)
    return {
        page: (cost.portal + cost.portal_database) / (cost.calls + empty.portal)
        for page, cost in costs.items()
    }


def _rows(costs: Mapping[Page, Cost]) -> Iterator[list[str]]:
    yield [
        *("CPU ms", "portal", "its database", "identity", "billing_link", "their database"),
        *("portal : calls + empty page", "with all databases"),
    ]
    (empty,) = (cost for page, cost in costs.items() if page.name == EMPTY)
    together = _ratios(costs)
    for page, cost in costs.items():
        alone = cost.portal / (cost.identity + cost.billing_link + empty.portal)
        ratios = ["", ""] if cost is empty else [f"{alone:.2f}", f"{together[page]:.2f}"]
        yield [page.name, *(f"{value:.2f}" for value in astuple(cost)), *ratios]


if __name__ == "__main__":
    sys.exit(main())
