"""The help page: plain answers and a telephone number, for everybody, signed in or not (WCAG 2.2, 3.2.6)."""
