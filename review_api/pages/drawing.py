"""How pages are drawn: the templates, and the filters that write codes, numbers and times in the page's language.

Every template is rendered with a `language`; `_()`, `gettext`, `ngettext` and `{% trans %}` speak it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from quality.judgement import Reason
from quality.wording import sentence
from review_api.language import NAMES, Language
from review_api.pages import alarm_view, words
from review_api.shell import SHELL


def _of(context: Context) -> Language:
    language: Language = context["language"]
    return language


@pass_context
def _gettext(context: Context, message: str) -> str:
    return _of(context).gettext(message)


@pass_context
def _ngettext(context: Context, one: str, many: str, count: int) -> str:
    return _of(context).ngettext(one, many, count)


def _spoken(write: Callable[..., str]) -> Callable[..., str]:
    """A filter that writes a value in the language of the page: `write(language, value, ...)`."""

    @pass_context
    def written(context: Context, value: Any, *rest: Any, **options: Any) -> str:
        return write(_of(context), value, *rest, **options)

    return written


def _sentence(language: Language, reason: Reason) -> str:
    return language.say(sentence(reason))


def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    # The extension adds this method to the environment; its types do not know it.
    made.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals["languages"] = NAMES
    made.globals["static"] = SHELL.place
    made.filters |= {
        "because": _spoken(words.because),
        "capital": words.capital,
        "countdown": _spoken(words.countdown),
        "date": _spoken(Language.date),
        "duration": _spoken(Language.duration),
        "kind_words": _spoken(alarm_view.kind_words),
        "moment": _spoken(Language.moment),
        "number": _spoken(Language.number),
        "parameter_title": words.parameter_title,
        "parameter_unit": words.parameter_unit,
        "percent": _spoken(Language.percent),
        "priority_words": _spoken(alarm_view.priority_words),
        "reading": words.reading,
        "said": _spoken(Language.say),
        "sentence": _spoken(_sentence),
        "signed": _spoken(words.signed),
        "shelf_words": _spoken(alarm_view.shelf_words),
        "source_words": _spoken(alarm_view.source_words),
        "time": _spoken(Language.time),
        "unit": words.unit,
        "word": _spoken(words.word),
    }
    return made


TEMPLATES = _templates()
