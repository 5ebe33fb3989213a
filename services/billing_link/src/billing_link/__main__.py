"""`python -m billing_link` is `billing_link serve`."""

from billing_link.cli.main import main

if __name__ == "__main__":
    main(["serve"])
