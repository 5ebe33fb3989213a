import pytest
from billing_link.billing_records.import_records import Imported, Problems
from billing_link.billing_records.port import Pair
from billing_link.billing_records.staging import Merged

ACCOUNT = "account,004215-01,108734,Jane Example,7100 60th St N,PO Box 12,active,,water;sewer,,,,,,,"
BILL = "entry,004215-01,108734,,,,,,,E-1,bill,2026-10-05,2026-10-26,84.12,B-1,"
PAYMENT = "entry,004215-01,108734,,,,,,,E-2,payment,2026-10-20,,-84.12,,"
REGISTRATION = "registration,004215-01,108734,Jane Example,,,,,,,,,,,,jane@example.com"
GOOD = (ACCOUNT, BILL, PAYMENT, REGISTRATION)
PAIR = Pair("004215-01", "108734")
UNCHANGED = Merged(0, 0)


@pytest.fixture
def city(put_city):
    return put_city()


def problems(outcome):
    assert isinstance(outcome, Problems)
    return [f"{problem.line}: {problem.message}" for problem in outcome.shown]


def test_a_file_brings_accounts_entries_and_registrations(city, import_records, verbs, audited):
    assert import_records(city, *GOOD) == Imported(Merged(1, 0), Merged(2, 0), Merged(1, 0))
    account = verbs.records.find_account(city.city.id, PAIR, closed_after=None)
    assert (account.customer_name, account.services) == ("Jane Example", ("water", "sewer"))
    assert account.statement.balance_cents == 0
    assert [r.pair for r in verbs.records.find_registrations(city.city.id, "jane@example.com")] == [PAIR]
    assert audited() == ["records_imported"]


def test_the_same_file_twice_changes_nothing(city, import_records, rows):
    import_records(city, *GOOD)
    statements = ("SELECT * FROM utility_accounts", "SELECT * FROM ledger_entries")
    before = [rows(statement) for statement in statements]
    assert import_records(city, *GOOD) == Imported(UNCHANGED, UNCHANGED, UNCHANGED)
    assert [rows(statement) for statement in statements] == before


def test_rows_may_come_in_any_order(city, import_records):
    assert import_records(city, *reversed(GOOD)) == Imported(Merged(1, 0), Merged(2, 0), Merged(1, 0))


def test_what_differs_is_updated_and_the_rest_is_left(city, import_records, verbs):
    import_records(city, *GOOD)
    changed = (ACCOUNT.replace("active,", "closed,2026-11-01"), BILL.replace("84.12", "90.00"))
    assert import_records(city, *changed) == Imported(Merged(0, 1), Merged(0, 1), UNCHANGED)
    account = verbs.records.find_account(city.city.id, PAIR, closed_after=None)
    assert (str(account.closed_on), account.statement.balance_cents) == ("2026-11-01", 588)


def test_a_number_written_differently_is_the_same_account_and_is_shown_as_last_printed(
    city, import_records, verbs
):
    import_records(city, ACCOUNT)
    assert import_records(city, ACCOUNT.replace("004215-01", "4215-1")).accounts == Merged(0, 1)
    assert verbs.records.find_account(city.city.id, PAIR, closed_after=None).account_number == "4215-1"


def test_two_cities_share_numbers_and_entry_ids(city, put_city, import_records):
    other = put_city(id="other-city")
    import_records(city, *GOOD)
    assert import_records(other, *GOOD) == Imported(Merged(1, 0), Merged(2, 0), Merged(1, 0))


def test_an_entry_of_an_account_that_was_imported_before_is_fine(city, import_records):
    import_records(city, ACCOUNT)
    assert import_records(city, BILL).entries == Merged(1, 0)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (ACCOUNT.replace("account", "accounts", 1), "record must be account, entry or registration"),
        (ACCOUNT.replace("004215-01", ""), "account_number '' does not have the city's format"),
        (ACCOUNT.replace("004215-01", "4215-x"), "account_number '4215-x' does not have the city's format"),
        (ACCOUNT.replace("108734", "1087345"), "customer_id '1087345' does not have the city's format"),
        (ACCOUNT.replace("Jane Example", " "), "name is empty"),
        (ACCOUNT.replace("Jane Example", "J" * 201), "name is longer than 200 characters"),
        (ACCOUNT.replace("Jane", "Ja\0ne"), "name holds a control character"),
        (ACCOUNT.replace("active", "open"), "status must be active or closed"),
        (ACCOUNT.replace("active,", "active,2026-01-01"), "closed_on must be empty for an active account"),
        (ACCOUNT.replace("active", "closed"), "closed_on is empty"),
        (
            ACCOUNT.replace("active,", "closed,31.12.2025"),
            "closed_on must be a date like 2026-10-05, not '31.12.2025'",
        ),
        (
            ACCOUNT.replace("water;sewer", "Water,Sewer"),
            "it has 17 columns, the header has 16",
        ),
        (
            ACCOUNT.replace("water;sewer", "Water"),
            "services must be lower-case words with ; between them, like water;sewer",
        ),
        (ACCOUNT + "jane@example.com", "email must be empty in a row of kind account"),
        (BILL.replace("E-1", ""), "entry_id is empty"),
        (BILL.replace("bill", "charge"), "kind must be bill, payment or adjustment"),
        (
            BILL.replace("2026-10-05", "2026-02-30"),
            "posted_on must be a date like 2026-10-05, not '2026-02-30'",
        ),
        (BILL.replace("2026-10-26", ""), "due_on is empty"),
        (BILL.replace("B-1", ""), "bill_number is empty"),
        (BILL.replace("84.12", "-84.12"), "a bill's amount must not be negative; a credit is an adjustment"),
        (PAYMENT.replace("-84.12", "84.12"), "a payment's amount must be negative: it lowers the balance"),
        (PAYMENT.replace(",,-84.12", ",2026-10-21,-84.12"), "due_on and bill_number belong to bills only"),
        (
            BILL.replace("84.12", "$84.12"),
            "amount must be dollars and cents like 84.12 or -84.12, not '$84.12'",
        ),
        (
            BILL.replace("84.12", "84.123"),
            "amount must be dollars and cents like 84.12 or -84.12, not '84.123'",
        ),
        (BILL.replace("84.12", "1e3"), "amount must be dollars and cents like 84.12 or -84.12, not '1e3'"),
        (
            REGISTRATION.replace("jane@example.com", "jane"),
            "email: it has no @; give an address such as name@example.com",
        ),
        (
            REGISTRATION.replace("jane@example.com", "jane@example.com;john@example.com"),
            "email: give one address; two stand here",
        ),
        (REGISTRATION.replace("jane@example.com", ""), "email is empty"),
        (
            BILL.replace("004215-01", "004216-01"),
            "no account 004216-01 of this customer is in the records or in this file",
        ),
        (
            REGISTRATION.replace("108734", "108735"),
            "no account 004215-01 of this customer is in the records or in this file",
        ),
    ],
)
def test_a_bad_row_is_named_by_line_with_its_reason(city, import_records, line, words):
    assert problems(import_records(city, line)) == [f"2: {words}"]


def test_nothing_is_written_if_any_row_is_bad(city, import_records, rows, audited):
    outcome = import_records(city, *GOOD, BILL.replace("E-1", "E-9").replace("84.12", "free"))
    assert len(problems(outcome)) == 1
    assert rows("SELECT id FROM utility_accounts") == []
    assert rows("SELECT entry_id FROM ledger_entries") == []
    assert rows("SELECT email_key FROM earlier_registrations") == []
    assert audited() == []


def test_an_import_after_a_refused_one_works(city, import_records):
    import_records(city, "nonsense")
    assert isinstance(import_records(city, *GOOD), Imported)


def test_every_bad_row_is_named_in_the_order_of_the_file(city, import_records):
    outcome = import_records(city, BILL, BILL, "x", ACCOUNT, ACCOUNT, PAYMENT.replace("-84.12", "84.12"))
    assert problems(outcome) == [
        "3: it repeats line 2",
        "4: it has 1 columns, the header has 16",
        "6: it repeats line 5",
        "7: a payment's amount must be negative: it lowers the balance",
    ]


def test_a_hundred_are_named_and_the_rest_counted(city, import_records):
    outcome = import_records(city, *(f"account,x,{number},N,A,,active,,,,,,,,," for number in range(250)))
    assert [problem.line for problem in outcome.shown] == list(range(2, 102))
    assert outcome.more == 150


def test_a_bad_account_is_the_problem_and_not_each_of_its_entries(city, import_records):
    outcome = import_records(city, ACCOUNT.replace("active", "open"), BILL, PAYMENT)
    assert problems(outcome) == ["2: status must be active or closed"]


@pytest.mark.parametrize(
    ("rows_repeated", "line"),
    [
        ((ACCOUNT, ACCOUNT.replace("Jane", "Joan")), 3),
        ((ACCOUNT, ACCOUNT.replace("004215-01", "4215 - 1")), 3),
        ((ACCOUNT, BILL, BILL.replace("84.12", "1.00")), 4),
        ((ACCOUNT, REGISTRATION, REGISTRATION.replace("jane@", "JANE@")), 4),
    ],
)
def test_a_key_that_is_in_the_file_twice_is_refused(city, import_records, rows_repeated, line):
    assert problems(import_records(city, *rows_repeated)) == [f"{line}: it repeats line {line - 1}"]


class TestFiles:
    @pytest.mark.parametrize(
        "change",
        [
            lambda file: b"\xef\xbb\xbf" + file,
            lambda file: file.replace(b"\n", b"\r\n"),
            lambda file: file.rstrip(b"\n"),
            lambda file: file + b"\n\n,,,,,,,,,,,,,,,\n",
            lambda file: file.replace(b"record,", b" Record ,"),
            lambda file: file.replace(b"Jane Example,7100", b'"Jane\nExample",7100'),
            lambda file: file.replace(b"PO Box 12", b'"PO Box 12, ""Rear"""'),
        ],
    )
    def test_the_files_that_spreadsheets_write_are_taken(self, city, import_records, records_file, change):
        assert isinstance(import_records(city, file=change(records_file(*GOOD))), Imported)

    def test_columns_may_come_in_any_order(self, city, import_records, records_file):
        lines = [line.split(",") for line in records_file(*GOOD).decode().splitlines()]
        file = "\n".join(",".join(reversed(line)) for line in lines).encode()
        assert isinstance(import_records(city, file=file), Imported)

    def test_a_row_over_several_lines_is_named_by_its_first(self, city, import_records, records_file):
        file = records_file(ACCOUNT.replace("Jane Example", '"Jane\nExample"'), BILL.replace("84.12", "x"))
        assert problems(import_records(city, file=file))[0].startswith("4: amount")

    @pytest.mark.parametrize(
        ("file", "words"),
        [
            (b"", "1: the file is empty"),
            (b"\xff\xfea\x00", "1: the file is UTF-16; save it as 'CSV UTF-8'"),
            (b"record;account_number;customer_id\n", "1: the columns must be separated by commas"),
            (b"a,b,c\n", "1: the header lacks record, account_number"),
            (b"account,004215-01\n", "1: the header lacks record"),
        ],
    )
    def test_something_else_than_a_records_file_is_named(self, city, import_records, file, words):
        (problem,) = problems(import_records(city, file=file))
        assert problem.startswith(words)

    @pytest.mark.parametrize("column", ["extra", "email"])
    def test_unknown_and_repeated_columns_are_named(self, city, import_records, records_file, column):
        file = records_file().replace(b",email", f",email,{column}".encode())
        (problem,) = problems(import_records(city, file=file))
        assert problem.startswith("1: the header names unknown or repeated columns")
        assert column in problem

    def test_a_line_in_another_encoding_is_named(self, city, import_records, records_file):
        file = records_file(ACCOUNT.replace("Jane", "Jos\N{LATIN SMALL LETTER E WITH ACUTE}"), BILL)
        latin = file.decode().encode("latin-1")
        assert problems(import_records(city, file=latin)) == [
            "2: name is not UTF-8; save the file as 'CSV UTF-8'"
        ]

    @pytest.mark.parametrize("tail", ['account,"004215', 'account,"a"b,'])
    def test_a_file_that_breaks_off_in_quotes_is_named(self, city, import_records, records_file, tail):
        (problem,) = problems(import_records(city, file=records_file(*GOOD) + tail.encode()))
        assert problem.startswith("6: the CSV ends or breaks off here")


def test_more_rows_than_one_batch(city, import_records, rows):
    numbers = [f"{number:06}" for number in range(300000, 306000)]
    lines = [f"account,{n}-01,{n},N,A,,active,,,,,,,,," for n in numbers]
    assert import_records(city, *lines).accounts == Merged(6000, 0)
    assert rows("SELECT count(*) AS n FROM utility_accounts")[0]["n"] == 6000
