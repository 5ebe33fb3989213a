from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.residents.passwords.policy import LONGEST, PasswordPolicy, PasswordProblem

CITIES = ["City of Pinellas Park", "City of St. Petersburg", "Largo", "Town of Lake Wales", "Jacksonville"]
POLICY = PasswordPolicy(15, lambda: CITIES)
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
        "when summer comes the river sleeps",
        "we moved here in may 1998 with cats",
        "another password altogether",
        # Three or four words, however they are joined.
        "green lamp river",
        "violin gravel sunset",
        "blue house big dog",
        "mountain bike strawberry",
        "cobalt.anchor.pickle",
        "fuzzy-kettle-marble-ocean",
        "Tango-Maple-Gravel-91",
        "wombatcactusviolinferry",
        "three plums on a windowsill",
        "el perro verde come zapatos",
        "tres gatos en mi cocina",
        "mesa zapato nube lluvia",
        # Other scripts.
        "我的猫喜欢在窗台上晒太阳睡觉觉",
        "القطة تنام على النافذة الزرقاء",
        "пять слонов идут домой",
        # From password managers.
        "xK9#mPq2vL!z8wRt",
        "kT8-vQ2-mZ5-pL9-wX3",
        "Tq7bW2xNf9Lr4Kd",
        "3f9a0c7e1b2d48a6",
        "83920174650192837465",
        "{]Ft$tw{P(yQ.)C%",
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
        # With something at the ends.
        "Password1234567!",
        "letmeinletmein1",
        "qwerty123456789!",
        "iloveyouiloveyou1",
        "tequieromucho123",
        "liverpoolfc2023!",
        "thequickbrownfox12",
        "xxthequickbrownfox",
        "administrator123!",
        # Halved, repeated, with blanks and punctuation between.
        "trustno1trustno1",
        "Password1Password2",
        "Password-Password-1",
        "Passw0rd!Passw0rd!",
        "abc123abc123abc123",
        "asdf asdf asdf asdf",
        "2003-01-15 2003-01-15",
        "p a s s w o r d 1 2 3 4",
        "purple monkey dishwasher",
        # With signs for letters, reversed.
        "P4ssw0rd123456!!",
        "P@ssw0rdP@ssw0rd",
        "drowssap1234567!",
        "7654321drowssaP!",
        # Dates.
        "january152003xx",
        "January 15, 2003",
        "Jan-15-2003-Jan-15",
        "15 de enero de 2003",
        "miercoles15marzo2003",
        "01/15/2003 01/16/2003",
        "December25December",
        "Summer2024Winter!",
        # Rows of keys, sequences.
        "qwertyuiopasdfg",
        "1qaz2wsx3edc4rfv",
        "!QAZ@WSX#EDC$RFV",
        "asdfghjkl;'asdfgh",
        "1q2w3e4r5t6y7u8i",
        "123456789abcdefg",
        "a1b2c3d4e5f6g7h8",
        "aaaabbbbccccdddd",
        "112233445566778899",
        # Names, words that are known for their length, phrases that are known by heart.
        "mariagarcia1985",
        "john smith 12345678",
        "jennifer19850412",
        "football football 99",
        "supercalifragilisticexpialidocious",
        "Supercalifragilisticexpialidocious1!",
        "pneumonoultramicroscopicsilicovolcanoconiosis",
        "antidisestablishmentarianism",
        "tobeornottobethatisthequestion",
        "maytheforcebewithyou",
        # In Spanish.
        "contraseña1234567",
        "Contrasena2024Contrasena",
        "mi clave es 12345678",
        "micontraseñasegura",
        "felizcumpleaños1",
        "jesusesmiseñor1!",
        "realmadrid123456",
    ],
)
def test_variants_of_what_is_guessed_first_are_weak(password):
    assert POLICY.problems(password)


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


@pytest.mark.parametrize(
    "password",
    [
        "pinellaspark2026",
        "Pinellas Park January 2026",
        "kraPsallenip2026",
        "Stpetersburg2024!",
        "jacksonville12345",
        "L4rgo-L4rgo-L4rgo",
        "Lake Wales 33853!",
    ],
)
def test_every_configured_city_is_weak_whichever_the_resident_came_from(password):
    assert PasswordProblem.CONTEXT in POLICY.problems(password) or PasswordProblem.COMMON in POLICY.problems(
        password
    )
    assert PasswordPolicy(15).problems("Lake Wales 33853!") == []


@pytest.mark.parametrize("password", ["oneill1985oneill", "llienoenaj123456", "Jane85Jane86Jane87"])
def test_parts_of_the_own_address_and_name_are_weak(password):
    assert POLICY.problems(password, ["jane85oneill@example.com", "Jane", "O'Neill"])


def test_the_short_words_of_another_city_may_stand_in_a_sentence():
    assert POLICY.problems("park a red wagon by the lake") == []


def test_a_password_that_is_made_to_be_slow_is_judged_at_once():
    started = process_time()
    for signs in ("4@8({[<369!1|70$5+%2", "4@8!1|0$5+", "1!lI|", "@4$5"):
        POLICY.problems((signs * 128)[:LONGEST])
    assert process_time() - started < 1


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


def test_a_listed_password_is_not_said_to_contain_a_name():
    problems = PasswordPolicy(15).problems
    assert problems("Password1234567!", ["Ana", "Ruiz", "ana@example.com"]) == [PasswordProblem.COMMON]
