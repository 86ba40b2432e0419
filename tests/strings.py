"""The texts that people see, as they stand in the code: `python -m tests.strings` takes them into the catalogs.

The tests of the languages check what this finds: no text can be forgotten by one and not the other.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

HOUSE = Path(__file__).parents[1]
ROOMS = ("quality", "records", "inference", "plc", "edge", "review_api")
LANGUAGES = ("ja",)
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
KEYWORDS = DEFAULT_KEYWORDS | {"N_": None, "saying": None}
HEADER = "# The texts of the review station. Gathered by `make strings`, translated by people."


def gathered() -> Catalog:
    """Every text that is marked for translation, with the files it stands in."""
    found = Catalog(project="jidoka", charset="utf-8")
    for room in ROOMS:
        for name, _, message, _, context in extract_from_dir(HOUSE / room, METHODS, OPTIONS, KEYWORDS):
            if message:
                found.add(message, locations=[(f"{room}/{name}", 0)], context=context)
    return found


def file_of(language: str) -> Path:
    """The catalog of that language."""
    return HOUSE / "review_api" / "translations" / language / "LC_MESSAGES" / "messages.po"


def on_file(language: str) -> Catalog:
    """What is translated into that language."""
    with file_of(language).open("rb") as source:
        return read_po(source, locale=language)


def update(language: str) -> list[str]:
    """Takes what is new into the catalog and what is gone out of it; returns what has no translation yet."""
    catalog = on_file(language)
    catalog.update(gathered(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.header_comment = HEADER
    with file_of(language).open("wb") as target:
        write_po(target, catalog, width=0, omit_header=True, sort_output=True, include_lineno=False)
    head = "\n".join(
        (HEADER, 'msgid ""', 'msgstr ""', *(f'"{name}: {value}\\n"' for name, value in _head(catalog)))
    )
    file_of(language).write_text(head + "\n\n" + file_of(language).read_text())
    return [str(message.id) for message in catalog if message.id and not message.string]


def _head(catalog: Catalog) -> list[tuple[str, str]]:
    """The lines of the header that say something; dates would differ with every run."""
    said = {"Language", "Plural-Forms", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
    return [(name, value) for name, value in catalog.mime_headers if name in said]


if __name__ == "__main__":
    for each in LANGUAGES:
        for text in update(each):
            print(f"{each}: not translated yet: {text}")  # noqa: T201 - it answers on the terminal
