"""Tests that each kind of letter is a sheet that a mail house, a window envelope and a screen reader can work with."""

import json
from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from pypdf import PdfReader

from notifications.content import loader
from notifications.rendering import letter_pdf, sample_data
from tests.setup.test_letterhead import SVG
from tests.words.text_files import ROOT

LANGUAGES = ("en", "es")
# What may stand on paper: every text but those of text messages and of emails that tell details.
NAMES = sorted(
    name
    for name in (path.stem for path in ROOT.glob("messages/en/*.md"))
    if not name.endswith(".sms") and (not name.endswith(".detailed") or ".letter." in name)
)
INCH = 72.0
LONG_ADDRESS = [
    "Testa Maximiliana Wilhelmina Sample-Featherstonehaugh de la Invented y Ejemplo",
    "c/o Sample House of the Invented Sisters",
    "Building 12, Apartment 1234, Staircase B",
    "100000 Avenue of the Invented Examples North-West",
    "San Buenaventura de los Ejemplos, CA 90000-1234",
]
WINDOWS = {"us10": (1.0, 2.15, 3.13), "dl": (0.9, 2.05, 3.05)}  # left, top and bottom edge, in inches of the sheet


def letterhead(window: str = "us10") -> str:
    lines = ["Accredited by nobody", "www.example.org", "Fax (412) 555-0199"]
    head = {"lines": lines, "logo": list(SVG), "kind": "svg", "alt": "Sample Imaging", "window": window}
    return json.dumps({"7": head})


def letters_of(name: str, language: str) -> Iterator[dict[str, Any]]:
    text = loader.get_shipped_text(name, language)
    assert text is not None
    for letter in sample_data.sample_letters(name, language, text):
        yield letter | {"letterhead": "7", "recipient": LONG_ADDRESS}


def read(letter: dict[str, Any], window: str = "us10") -> PdfReader:
    return PdfReader(BytesIO(letter_pdf.render_pdf([letter], letterhead(window))))


def joined(words: str) -> str:
    return "".join(words.split())


def words_of(letter: dict[str, Any]) -> str:
    runs = (run["text"] for block in letter["blocks"] for part in block["parts"] for run in part)
    return joined("".join(runs))


def lines_with_places(page: Any) -> list[tuple[str, float, float]]:
    """Each piece of text with the left and the baseline of it, in points from the left and from the top."""
    found: list[tuple[str, float, float]] = []
    height = float(page.mediabox.height)

    def visit(text: str, sheet: list[float], line: list[float], _font: Any, _size: Any) -> None:
        if text.strip():
            y = sheet[5] + sheet[3] * line[5]
            found.append((text.strip(), sheet[4] + sheet[0] * line[4], height - y))

    page.extract_text(visitor_text=visit)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_each_letter_says_word_for_word_what_the_message_says_and_is_tagged(name: str, language: str) -> None:
    for letter in letters_of(name, language):
        pdf = read(letter)
        said = joined("".join(page.extract_text() for page in pdf.pages).replace("- 2 -", "").replace("\u2022", ""))
        assert words_of(letter) in said
        assert all(joined(line) in said for line in (*letter["sender"], *LONG_ADDRESS, "Accredited by nobody"))
        catalogue: Any = pdf.trailer["/Root"]
        assert catalogue["/MarkInfo"]["/Marked"]
        assert catalogue["/Lang"] == language
        assert catalogue["/ViewerPreferences"]["/DisplayDocTitle"]
        assert b"<pdfuaid:part>1</pdfuaid:part>" in catalogue["/Metadata"].get_data()
        assert pdf.metadata is not None
        assert pdf.metadata.title == letter["title"]
        assert len(pdf.pages) <= 2


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_long_name_and_five_lines_show_whole_in_the_window_and_nothing_else_does(language: str, window: str) -> None:
    letter = next(letters_of("recall_notice.letter", language))
    left, top, bottom = WINDOWS[window]
    places = lines_with_places(read(letter, window).pages[0])
    shown = [(text, x) for text, x, y in places if top * INCH <= y <= bottom * INCH and x < 5.2 * INCH]
    assert joined("".join(text for text, _x in shown)) == joined("".join(LONG_ADDRESS))
    assert min(x for _text, x in shown) == pytest.approx(left * INCH, abs=1)
    assert max(x for _text, x in shown) < (left + 0.3) * INCH  # a line that goes on is set in a little


def test_no_line_of_a_letter_lies_on_another() -> None:
    for language in LANGUAGES:
        for letter in letters_of("lay_summary.letter", language):
            for page in read(letter).pages:
                starts = sorted({(round(x), round(y)) for _text, x, y in lines_with_places(page)})
                for (x, y), (next_x, next_y) in pairwise(starts):
                    assert x != next_x or next_y - y >= 8


def test_the_second_sheet_of_a_letter_bears_its_number_and_each_letter_counts_its_own() -> None:
    long = next(letters_of("recall_notice.letter", "es"))
    long["blocks"] = long["blocks"] * 2
    pdf = PdfReader(BytesIO(letter_pdf.render_pdf([long, long], letterhead())))
    assert ["- 2 -" in page.extract_text() for page in pdf.pages] == [False, True, False, True]
    assert "- 3 -" not in "".join(page.extract_text() for page in pdf.pages)


def test_printed_on_both_sides_no_letter_begins_on_the_back_of_another_patients() -> None:
    short = next(letters_of("recall_notice.letter", "en")) | {"blocks": []}
    long = next(letters_of("recall_notice.letter", "es"))
    long["blocks"] = long["blocks"] * 2
    pages = PdfReader(BytesIO(letter_pdf.render_pdf([short, long, short, short], letterhead()))).pages
    starts = [number for number, page in enumerate(pages) if joined(LONG_ADDRESS[0]) in joined(page.extract_text())]
    assert len(starts) == 4
    assert [number % 2 for number in starts] == [0, 0, 0, 0]


def test_a_signature_never_stands_alone_on_a_sheet() -> None:
    letter = next(letters_of("recall_notice.letter", "en"))
    for extra in range(12):
        filler = {"kind": "paragraph", "parts": [[{"text": "One more line.", "strong": False}]]}
        pages = read(letter | {"blocks": [filler] * extra + letter["blocks"]}).pages
        if len(pages) == 2:
            assert "With kind regards" in pages[1].extract_text()
            return
    pytest.fail("the letter never went on to a second sheet")


def test_what_is_all_bold_is_a_heading_for_screen_readers() -> None:
    letter = next(letters_of("recall_notice.letter", "en"))
    headings = [block["parts"][0][0]["text"] for block in letter["blocks"] if block["kind"] == "heading"]
    assert "What happens at the visit" in headings
    assert _has_heading(read(letter))


def _has_heading(pdf: PdfReader) -> bool:
    catalogue: Any = pdf.trailer["/Root"]
    waiting = [catalogue["/StructTreeRoot"]]
    while waiting:
        node = waiting.pop().get_object()
        if not hasattr(node, "get"):
            continue
        if node.get("/S") == "/H1":
            return True
        children = node.get("/K", [])
        waiting.extend(children if isinstance(children, list) else [children])
    return False


def test_every_font_of_a_letter_is_in_the_file() -> None:
    letter = next(letters_of("recall_notice.letter", "es")) | {"recipient": ["Testa \u738b \u0645\u062b\u0627\u0644"]}
    pages: list[Any] = list(read(letter).pages)
    fonts = [font.get_object() for page in pages for font in page["/Resources"]["/Font"].values()]
    assert len(fonts) >= 4
    for font in fonts:
        descendant = font["/DescendantFonts"][0].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(descendant["/FontDescriptor"])
