"""Every text that people see can be said in every language, and is."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from tests.strings import LANGUAGES, gathered, on_file

BLANK = re.compile(r"\{(\w+)(?:[:!][^}]*)?\}|%\((\w+)\)([sd])")
TEMPLATES = Path(__file__).parents[3] / "review_api" / "templates"
ATTRIBUTE = re.compile(r'[\w-]+="[^"]*"')
"""As one stands in a block that is put into several tags."""
SPOKEN_ATTRIBUTES = frozenset({"alt", "aria-label", "placeholder", "title"})
NAMES = frozenset(
    {
        "Authorization",
        "Bearer",
        "Jidoka",
        "UTC",
        "CSV",
        "JSON",
        "XLSX",
        "PDF",
        "LSL",
        "USL",
        "ms",
        "PLC",
        "SPC",
        "min",
    }
)
"""What is called the same everywhere."""


@pytest.fixture(scope="module")
def texts() -> Catalog:
    return gathered()


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_none_is_left_over(language: str, texts: Catalog) -> None:
    catalog = on_file(language)
    wanted = {message.id for message in texts if message.id}
    assert {m.id for m in catalog if m.id} == wanted, "run `make strings`"
    assert [m.id for m in catalog if m.id and not all(forms(m))] == []
    assert [m.id for m in catalog if m.id and m.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_blanks_of_its_text(language: str) -> None:
    different = []
    for message in on_file(language):
        if not message.id:
            continue
        texts = (message.id,) if isinstance(message.id, str) else message.id
        wanted = set(BLANK.findall(texts[-1]))
        different += [message.id for form in forms(message) if form and set(BLANK.findall(form)) != wanted]
    assert different == []


class Seen(HTMLParser):
    """The texts of a template that are not made by it: between its tags, and in attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._mute = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._mute += tag in ("script", "style")
        self.texts += [value for name, value in attrs if value and name in SPOKEN_ATTRIBUTES]

    def handle_endtag(self, tag: str) -> None:
        self._mute -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._mute:
            self.texts.append(data)


def bare(template: str) -> str:
    """The template without what Jinja makes of it, and without what it has translated."""
    template = re.sub(r"\{% block (section|body_class|refresh) %\}.*?\{% endblock %\}", " ", template)
    template = re.sub(r"\{%-? *trans\b.*?endtrans *-?%\}", " ", template, flags=re.DOTALL)
    return re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", template, flags=re.DOTALL)


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_text_stands_in_a_template_outside_gettext(path: Path) -> None:
    seen = Seen()
    seen.feed(bare(path.read_text()))
    words = [
        word
        for text in seen.texts
        for word in re.findall(r"[A-Za-z]{2,}", re.sub(ATTRIBUTE, "", text))
        if word not in NAMES
    ]
    assert words == []
