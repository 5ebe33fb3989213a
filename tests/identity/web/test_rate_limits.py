"""Pages over a limit."""

import pytest
from page import csrf_token

WORDS = "You exceeded the maximum number of requests. Try again in 1 minute."
WORDS_OF_AN_HOUR = "You exceeded the maximum number of requests. Try again in 60 minutes."


class TestPages:
    def _post(self, client, path, **fields: str):
        return client.post(path, data={"csrf_token": csrf_token(client.get(path)), **fields})

    def test_signing_in_is_limited_by_network_and_keeps_what_was_typed(self, start):
        client = start(sign_ins_per_minute=3).test_client()
        for number in range(4):
            fields = {"email": f"pat{number}@example.com", "password": "some password"}
            response = self._post(client, "/sign-in", **fields)
        assert response.status_code == 429
        assert response.headers["Retry-After"] == "60"
        assert WORDS in response.get_data(as_text=True)
        assert 'value="pat3@example.com"' in response.get_data(as_text=True)

    def test_signing_up_is(self, start):
        client = start(sign_ups_per_hour=1).test_client()
        for number in range(2):
            response = self._post(
                client,
                "/sign-up",
                email=f"pat{number}@example.com",
                password="seven herons over the pond",
                first_name="Pat",
                last_name="Lee",
            )
        assert response.status_code == 429
        assert response.headers["Retry-After"] == "3600"
        assert WORDS_OF_AN_HOUR in response.get_data(as_text=True)

    @pytest.mark.parametrize("path", ["/forgot-password", "/unlock-account"])
    def test_asking_for_mails_is(self, start, path):
        client = start(mails_per_hour=1).test_client()
        for number in range(2):
            response = self._post(client, path, email=f"pat{number}@example.com")
        assert response.status_code == 429
        assert response.headers["Retry-After"] == "3600"
        assert WORDS_OF_AN_HOUR in response.get_data(as_text=True)


class TestBehindProxies:
    def _statuses(self, app, count=3):
        client = app.test_client()
        statuses = []
        for number in range(count):
            token = csrf_token(client.get("/forgot-password"))
            sent = {"csrf_token": token, "email": f"pat{number}@example.com"}
            forwarded = {"X-Forwarded-For": f"198.51.100.{number}"}
            statuses.append(client.post("/forgot-password", data=sent, headers=forwarded).status_code)
        return statuses

    def test_the_header_of_a_stranger_is_not_believed(self, start):
        assert self._statuses(start(mails_per_hour=2)) == [303, 303, 429]

    def test_that_of_a_trusted_proxy_is(self, start):
        assert self._statuses(start(mails_per_hour=2, trusted_proxies=1)) == [303, 303, 303]
