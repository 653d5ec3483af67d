"""Elements of HTML as text. What is not itself an element is escaped, so no name or value can break a page."""

from html import escape


class Safe(str):
    """Text that is HTML already."""

    __slots__ = ()


Content = str | int | None


def el(name: str, *content: Content, **attributes: str | float | None) -> Safe:
    """An element. `class_` is the attribute class, other underscores are hyphens; None is left out."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Safe(f"<{name}{told}>{join(*content)}</{name}>")


def join(*content: Content) -> Safe:
    """Elements and text after each other."""
    return Safe("".join(part if isinstance(part, Safe) else escape(str(part)) for part in content if part is not None))


def page(title: str, style: str, *content: Content) -> str:
    """A document that needs nothing but itself."""
    head = join(
        Safe('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Safe('<meta name="color-scheme" content="light dark">'),
        el("title", title),
        Safe(f"<style>{style}</style>"),
    )
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{join(*content)}</body></html>\n'
