"""Which language an answer is in, and how numbers and times are written there."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from quality.saying import saying
from review_api.language import LANGUAGE_COOKIE, Languages
from tests.unit.review_api.conftest import visitor

TOKYO = ZoneInfo("Asia/Tokyo")
LANGUAGES = Languages(TOKYO)
ENGLISH, JAPANESE = LANGUAGES.default, Languages(TOKYO, "ja").default
AT = datetime(2026, 11, 24, 15, 4, 5, tzinfo=UTC)


def asked(**headers: str) -> Request:
    return Request(
        {"type": "http", "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    )


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("ja,en-US;q=0.9,en;q=0.8", "ja"),
        ("en-GB", "en"),
        ("de, ja;q=0.4", "ja"),
        ("ja;q=0, fr", "en"),
        ("ja;q=x", "en"),
        ("", "en"),
        ("*", "en"),
        (",;=" * 50, "en"),
    ],
)
def test_the_browser_is_heard(header: str, code: str) -> None:
    assert LANGUAGES.of(asked(**{"accept-language": header})).code == code


def test_the_toggle_comes_before_the_browser() -> None:
    cookie = f"{LANGUAGE_COOKIE}=en"
    assert LANGUAGES.of(asked(cookie=cookie, **{"accept-language": "ja"})).code == "en"
    assert LANGUAGES.of(asked(cookie=f"{LANGUAGE_COOKIE}=xx", **{"accept-language": "ja"})).code == "ja"
    assert Languages(TOKYO, "ja").of(asked()).code == "ja"


async def test_the_toggle_is_kept_and_leads_back(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.post("/language", data={"code": "ja", "next": "/sign-in"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    page = await anyone.get("/sign-in")
    assert '<html lang="ja">' in page.text
    elsewhere = await anyone.post("/language", data={"code": "en", "next": "//evil.example"})
    assert elsewhere.headers["location"] == "/line"
    assert (await anyone.post("/language", data={"code": "fr"})).status_code == 422


async def test_another_site_cannot_change_it(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.post("/language", data={"code": "ja"}, headers={"origin": "http://evil.example"})
    assert answer.status_code == 403


async def test_a_problem_is_told_in_the_language_that_was_asked_for(app: FastAPI) -> None:
    async with visitor(app, "engineer") as client:
        path = "/api/v1/cases/00000000-0000-4000-8000-000000000000"
        english = (await client.get(path)).json()
        japanese = (await client.get(path, headers={"accept-language": "ja"})).json()
    assert english["code"] == japanese["code"] == "NOT_FOUND"
    assert english["detail"].isascii()
    assert not japanese["detail"].isascii()


def test_a_saying_is_said_with_all_that_is_in_it() -> None:
    said = saying(
        "{device}: {problem}. Mend: {mend}.", device="face", problem=saying("{share} %", share=3), mend="x"
    )
    assert ENGLISH.say(said) == "face: 3 %. Mend: x."
    assert JAPANESE.say(said) == "face：3 %。対処：x。"
    assert JAPANESE.say("as it is") == "as it is"
    assert JAPANESE.gettext("") == ""


def test_a_value_is_never_taken_for_a_template() -> None:
    assert JAPANESE.say(saying("{trouble}", trouble="{device} %(x)s {0}")) == "{device} %(x)s {0}"


@pytest.mark.parametrize("language", [ENGLISH, JAPANESE])
def test_numbers_have_as_many_digits_as_they_deserve(language) -> None:
    assert language.number(-0.17123, 0.02, signed=True) == "−0.171"
    assert language.number(0.17, 0.02, signed=True) == "+0.170"
    assert language.number(12345.6) == "12,346"
    assert language.number(13.95) == "13.95"
    assert language.number(5, 0.0) == "5"


def test_times_are_on_the_plants_clock() -> None:
    assert ENGLISH.moment(AT) == "25 Nov 00:04:05"
    assert JAPANESE.moment(AT) == "11月25日 00:04:05"
    assert (ENGLISH.date(AT), JAPANESE.date(AT)) == ("25 Nov 2026", "2026/11/25")
    assert (ENGLISH.duration(3720), JAPANESE.duration(3720)) == ("1 h 2 min", "1 時間 2 分")
    assert ENGLISH.duration(59.6) == "1 min 0 s"
