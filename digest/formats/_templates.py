"""The templates of e-mail and Atom, with the phrases of the edition's language."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from digest.formats._phrases import link, phrases
from digest.render import command
from vigie.colours import STANCE_COLOURS


@cache
def environment(language: str) -> Environment:
    """What renders a template in a language. Every text is escaped for HTML."""
    made = Environment(
        loader=PackageLoader("digest"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    say = phrases(language)
    made.globals |= {"say": say, "words": say.words, "_": say.words.gettext, "colours": STANCE_COLOURS, "language": language}
    made.filters |= {"link": link, "search": command}
    return made
