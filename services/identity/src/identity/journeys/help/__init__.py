"""The help page: answers and a telephone number, with or without a session (WCAG 2.2 3.2.6)."""
