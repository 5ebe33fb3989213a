"""What counts of a typed password.

Two devices write one password differently: they compose letters in their own way, a phone or a word processor
makes quotation marks curly and two hyphens a long dash, and a pasted text brings blanks along. All that is
folded before a password is counted, judged or hashed (NIST SP 800-63B-4 §3.1.1.2: normalization); case, and
blanks between words, count.
"""

import re
import unicodedata

_FOLDED = str.maketrans(
    # As code points: these characters look alike.
    dict.fromkeys([0x2018, 0x2019, 0x201A, 0x201B, 0x02BC, 0x2032, 0x2039, 0x203A], "'")
    | dict.fromkeys([0x201C, 0x201D, 0x201E, 0x201F, 0x00AB, 0x00BB], '"')
    # Hyphens and dashes of every length, and the minus sign.
    | dict.fromkeys([0x2010, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212], "-")
)
_HYPHENS = re.compile("-{2,}")
# NFKC has made an ordinary blank of most others; the last three have no width.
_BLANKS = " \t\n\v\f\r\x85\u1680\u2028\u2029\u200b\u2060\ufeff"


def normal_form(password: str) -> str:
    """Return what of a password counts.

    NFKC; curly and angled quotation marks as `'` and `"`; a dash of any length, or a run of hyphens, as one
    `-`; blanks at either end dropped.
    """
    folded = former_form(password).translate(_FOLDED)
    return _HYPHENS.sub("-", folded).strip(_BLANKS)


def former_form(password: str) -> str:
    """Return what of a password counted when older hashes were made: NFKC alone."""
    return unicodedata.normalize("NFKC", password)
