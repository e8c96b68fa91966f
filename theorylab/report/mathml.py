"""Presentation MathML as browsers need it: they ignore parts of the standard that LaTeX relies on.

Notation: an element is a node of the formula; its base is what carries its scripts.

Nothing is refused here but a letter without a form; see `typeset` for what may be written.
"""

import itertools
import re
import unicodedata
from xml.etree import ElementTree as ET

_SCRIPTED = frozenset({"msub", "msup", "msubsup", "munder", "mover", "munderover"})
_UNDER = {"msub": "munder", "msubsup": "munderover"}
_LIMITS = frozenset({"max", "min", "sup", "inf", "lim", "Pr", "argmax", "argmin"})
_ACCENTS = frozenset("¯^ˆ˙¨˜~―→⃗´`˘ˇ")
_THIN = "0.167em"
_SIGNS = frozenset("+−±∓-")
_CLOSING = frozenset(")]}|‖⌋⌉⟩!")


def polish(root: ET.Element) -> None:
    """Put a formula as browsers need it, in place.

    Raises:
        ValueError: a letter has no form in the alphabet that is asked for.
    """
    for element in root.iter():
        _polish(element)
    for parent in list(root.iter()):
        _arrange(parent)


def _polish(element: ET.Element) -> None:
    """Replace what browsers ignore: letter variants, missing accents, relations set as letters."""
    text = element.text or ""
    variant = element.get("mathvariant")
    if variant and variant != "normal":
        element.text = "".join(_letter(variant, character) for character in text)
        del element.attrib["mathvariant"]
    if element.tag == "mi" and re.fullmatch("[Α-Ω]", text):
        element.set("mathvariant", "normal")
    if text == "∞":
        element.tag = "mi"
    elif element.tag == "mi" and _is_operator(text):
        element.tag = "mo"
        element.set("stretchy", "false")
    if element.tag == "mover" and len(element) == 2 and (element[1].text or "") in _ACCENTS:
        element.set("accent", "true")
    if element.tag == "mspace" and element.get("width") == "negativethinmathspace":
        element.set("width", f"-{_THIN}")
    if element.tag == "mo" and (text in {"|", "‖", "/"} or (len(text) > 1 and text[0].isalpha())):
        element.set("lspace", "0")
        element.set("rspace", "0")


def _is_operator(text: str) -> bool:
    return len(text) == 1 and unicodedata.category(text) in {"Sm", "Ps", "Pe"}


def _letter(variant: str, character: str) -> str:
    style = variant.upper().replace("-", " ").replace("DOUBLE STRUCK", "DOUBLE-STRUCK")
    name = unicodedata.name(character).split()
    kind = "DIGIT" if character.isdigit() else ("CAPITAL" if character.isupper() else "SMALL")
    upright = style.replace(" ITALIC", "") if kind == "DIGIT" else style
    for full in (f"MATHEMATICAL {upright} {kind} {name[-1]}", f"{upright} {kind} {name[-1]}"):
        try:
            return unicodedata.lookup(full)
        except KeyError:
            continue
    msg = f"{character!r} must have a {variant} form, got none"
    raise ValueError(msg)


def _arrange(parent: ET.Element) -> None:
    """Limits under their operator, := as one relation, a thin space around names of functions."""
    children = list(parent)
    tags = {child.tag for child in children}
    for child in children:
        plain = child.tag == "mo" and child.text in {"(", ")"} and "minsize" not in child.attrib
        if plain and "mtable" not in tags:
            child.attrib.setdefault("stretchy", "false")
    if parent.tag in _SCRIPTED:
        if children and (children[0].text or "") in _LIMITS and parent.tag in _UNDER:
            parent.tag = _UNDER[parent.tag]
            children[0].set("movablelimits", "true")
        return
    for first, second in itertools.pairwise(c for c in children if c.tag != "mspace"):
        if (
            first.tag == second.tag == "mo"
            and second.text in _SIGNS
            and first.text not in _CLOSING
        ):
            second.set("form", "prefix")
        if (first.text, second.text, second.tag) == (":", "=", "mo"):
            first.tag, first.text = "mo", ":="
            parent.remove(second)
    _space_functions(parent)


def _space_functions(parent: ET.Element) -> None:
    children = list(parent)
    for index in reversed(range(len(children))):
        if not _is_function(children[index]):
            continue
        if index + 1 < len(children) and _base(children[index + 1]).tag != "mo":
            parent.insert(index + 1, ET.Element("mspace", width=_THIN))
        if index > 0 and _base(children[index - 1]).tag not in {"mo", "mspace"}:
            parent.insert(index, ET.Element("mspace", width=_THIN))


def _base(element: ET.Element) -> ET.Element:
    while element.tag in _SCRIPTED and len(element):
        element = element[0]
    return element


def _is_function(element: ET.Element) -> bool:
    base = _base(element)
    text = base.text or ""
    return base.tag in {"mi", "mo"} and len(text) > 1 and text.isascii() and text.isalpha()
