"""Texts of a field for a new password: the policy, and what is wrong with a password."""

from flask_babel import gettext

from identity.residents.passwords.policy import PasswordPolicy, PasswordProblem


def hint(policy: PasswordPolicy) -> str:
    """Return how to choose a password."""
    return str(
        gettext(
            "At least %(shortest)s characters. The easiest way is a sentence of three or four words.",
            shortest=policy.min_length,
        )
    )


def messages(problems: list[PasswordProblem], policy: PasswordPolicy) -> list[str]:
    """Return one text for each problem: what is wrong, and what is accepted."""
    words = {
        PasswordProblem.TOO_SHORT: gettext(
            "This password is too short. Use at least %(shortest)s characters, such as a sentence of three or"
            " four words.",
            shortest=policy.min_length,
        ),
        PasswordProblem.TOO_LONG: gettext(
            "This password is too long. Use at most %(longest)s characters.", longest=policy.max_length
        ),
        PasswordProblem.COMMON: gettext(
            "This password, or one very much like it, is on the lists that attackers try first."
            " Choose another one."
        ),
        PasswordProblem.CONTEXT: gettext(
            "This password is made of your name, your email address, a city or the name of this service."
            " Use other words."
        ),
        PasswordProblem.GUESSABLE: gettext(
            "This password is easy to guess: it is made of well-known words, names, dates or rows of keys."
            " Use three or four words that have nothing to do with one another."
        ),
    }
    return [words[problem] for problem in problems]
