import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.residents.passwords.policy import PasswordPolicy, PasswordProblem

POLICY = PasswordPolicy(15)
OWN = ["Jane", "O'Neill", "jane.oneill@example.com", "City of Pinellas Park"]


@pytest.mark.parametrize(
    "password",
    [
        "seven brown pelicans asleep",
        "   blanks in front and behind   ",
        "correcthorsebatterystaplelemon",
        "siete pelícanos duermen aquí",
        "七羽の茶色いペリカンが杭の上で眠っている",
        "🐢🦀🐬🦩🐊🦈🐙🐚🦞🦐🐡🐠🌴🌊🏖",
        "x9#Kq!27vB_zR4pT",
        # Names stand in it, and enough besides.
        "when jane sleeps the sea is loud",
        "the pinellas trail has many turtles",
        "annual banana manual cabana",
        "water in the park after midnight rain",
    ],
)
def test_a_sentence_of_a_few_words_is_accepted(password):
    assert POLICY.problems(password, [*OWN, "Ann"]) == []


@pytest.mark.parametrize(
    "password", ["", " ", " " * 20, "-" * 20, " x9#Kq!27vB_zR4 ", "x9#Kq!27vB_zR4", "七羽の茶色いペリカン"]
)
def test_fewer_characters_than_the_minimum_are_too_short(password):
    assert POLICY.problems(password) == [PasswordProblem.TOO_SHORT]


def test_length_is_counted_in_code_points_of_the_normal_form():
    # "ﬃ" is three letters after NFKC, and "é" typed as two code points is one.
    assert POLICY.problems("ﬃ pelicans dry") == []
    assert POLICY.problems("e\u0301" * 10) == [PasswordProblem.TOO_SHORT]


def test_128_characters_are_accepted_and_129_are_too_long():
    sentence = "seven brown pelicans sleep on the pier and dream of silver fish asleep " * 2
    assert POLICY.problems(sentence[:128]) == []
    assert POLICY.problems(sentence[:129]) == [PasswordProblem.TOO_LONG]
    assert POLICY.problems("x" * 10_000_000) == [PasswordProblem.TOO_LONG]


@pytest.mark.parametrize(
    "password",
    [
        "123456789012345",
        "passwordpassword",
        "PasswordPassword",
        "qwertyuiopasdfgh",
        "aaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabc",
        "Abcdefghijklmnopq",
        "zyxwvutsrqponmlk",
        "98765432109876543210",
    ],
)
def test_what_everybody_guesses_first_is_common(password):
    assert PasswordProblem.COMMON in POLICY.problems(password)


@pytest.mark.parametrize(
    "password",
    [
        "PinellasPark2026!",
        "pinellas park 33781",
        "P1ne11a$ P@rk 2026",
        "communityaccess1",
        "Citizen Self Service",
        "citizen.self.service.2026",
        "jane.oneill@example.com",
        "JaneONeill-JaneONeill",
        "Jane ONeill 7273690690",
        "janeoneill19850412",
        "xx-pinellaspark-xx",
    ],
)
def test_the_city_the_product_and_the_own_name_are_weak(password):
    assert PasswordProblem.CONTEXT in POLICY.problems(password, OWN)


def test_context_words_of_one_or_two_letters_do_not_count():
    assert POLICY.problems("boat on the blue bay", ["Bo", "Li", "A"]) == []


def test_curly_quotes_do_not_hide_what_is_common():
    assert PasswordProblem.COMMON in POLICY.problems(" passwordpassword\u00a0")
    assert POLICY.problems("\N{RIGHT SINGLE QUOTATION MARK}" * 20) == [PasswordProblem.COMMON]


def test_accents_do_not_hide_a_name():
    assert PasswordProblem.CONTEXT in POLICY.problems("garciagarcia2026", ["García"])


def test_the_minimum_is_never_below_what_the_blocklist_can_judge():
    policy = PasswordPolicy(8)
    assert policy.min_length == 10
    assert policy.problems("x9#Kq!27v") == [PasswordProblem.TOO_SHORT]
    assert policy.problems("x9#Kq!27vB") == []
    assert policy.problems("1234567890") == [PasswordProblem.COMMON]


@given(st.text(max_size=300), st.lists(st.text(max_size=40), max_size=4))
def test_any_text_gets_an_answer(password, context):
    assert set(POLICY.problems(password, context)) <= set(PasswordProblem)
