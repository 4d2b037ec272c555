"""The digit that all pages look at, and the ways to choose another: a test digit, a picture, or the board."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lenet.mnist_files import DataError, pictures
from lenet.ui.shared import networks
from lenet.variant import CLASSES

if TYPE_CHECKING:  # a page shows the chooser before torch is loaded
    from PIL.Image import Image
    from torch import Tensor

    from lenet.ink import Ink
    from lenet.strokes import Stroke

TEST_DIGITS = 10_000  # pictures in MNIST's test set
DRAWN = "your drawing"  # the source of what is on the board
TAKEN_SIDE = 320  # pixels of an uploaded picture's longer side, as it is shown
TINT = (230, 60, 140)  # neither pens nor chalk are often of this colour
HARDEST = 100  # how many of them count as hard
URL = "digit"  # a link to a page may ask for a test digit by its number: ?digit=7
DRAWING_URL = "drawing"  # or bring a drawing: ?drawing=1... (on the first page the board takes it)
_CURRENT, _PROBLEM, _FOLLOWED = "current_digit", "digit_problem", "followed_digit"
_FOLLOWED_DRAWING = "followed_link_drawing"
_DRAWING = "current_drawing"  # strokes of which no page has asked for a picture yet
_CLASS, _NUMBER, _UPLOAD, _OPEN = "digit_class", "digit_number", "digit_upload", "digit_open"  # keys of the widgets


@dataclass(frozen=True)
class Digit:
    """pixels: float32 [1, 28, 28] in [0, 1], white ink on black; label: what it is, where that is known;
    source: where it is from, in words; stages: what a drawing or picture was before it was centred, [28, 28] each;
    sheet: of an uploaded picture its ink, as lenet.splitting.on_board has it, for it may be several digits;
    number: of a test digit; drawing: its strokes as text for a link, if it was drawn here; mark: another for every
    digit that is shown; taken: of an uploaded picture, a JPEG in which its ink is tinted; hint: what would help."""

    pixels: np.ndarray
    label: int | None
    source: str
    stages: tuple[np.ndarray, ...] = ()
    sheet: np.ndarray | None = None
    number: int | None = None
    drawing: str = ""
    mark: str = ""
    taken: bytes = b""
    hint: str = ""

    @property
    def image(self) -> "Tensor":
        """The same as a tensor."""
        import torch

        return torch.from_numpy(self.pixels)


def from_ink(ink: "Ink", source: str, mark: str = "") -> Digit:
    """A drawing or picture, centred as MNIST's were."""
    return Digit(ink.centred[None], None, source, (ink.raw, ink.cropped, ink.scaled), mark=mark)


def current() -> Digit | None:
    """The digit being looked at, the same on all pages; None if nothing was drawn or chosen yet."""
    if drawing := st.session_state.pop(_DRAWING, None):
        _read_drawing(*drawing)
    return st.session_state.get(_CURRENT)


def given() -> Digit | None:
    """The digit being looked at, unless it is on the board: the browser reads that, and nothing is computed here."""
    return None if _DRAWING in st.session_state else current()


def drawing() -> str:
    """What was drawn, as text for a link, if that is looked at; nothing else is computed."""
    from lenet.strokes import encode

    if drawn := st.session_state.get(_DRAWING):
        return encode(drawn[0])
    shown = st.session_state.get(_CURRENT)
    return shown.drawing if shown else ""


def show(digit: Digit | None) -> None:
    """Make it the digit being looked at; the link to the page then asks for it, if it is a test digit."""
    st.session_state[_CURRENT] = digit
    st.session_state.pop(_PROBLEM, None)
    st.session_state.pop(_DRAWING, None)
    if digit is None or digit.number is None:
        st.query_params.pop(URL, None)
    else:
        st.session_state[_FOLLOWED] = st.query_params[URL] = str(digit.number)


def draw(strokes: "list[Stroke]", png: bytes | None, mark: str) -> None:
    """Look at what is on the board: its strokes, or a picture of it where they are not known; neither is a blank one.

    mark: another for each drawing. Strokes are made a picture when a page first asks for it.
    """
    from lenet.ink import InkError, open_picture, read_ink

    if strokes:
        show(None)
        st.session_state[_DRAWING] = strokes, mark
        return
    try:
        show(from_ink(read_ink(open_picture(BytesIO(png))), DRAWN, mark) if png else None)
    except InkError as error:
        refuse(str(error))


def _read_drawing(strokes: "list[Stroke]", mark: str) -> None:
    from lenet.ink import InkError
    from lenet.strokes import encode, read_strokes

    try:
        with networks.one_at_a_time():
            show(replace(from_ink(read_strokes(strokes), DRAWN, mark), drawing=encode(strokes)))
    except InkError as error:
        refuse(str(error))


def refuse(reason: str) -> None:
    """There is no digit to look at, for this reason."""
    show(None)
    st.session_state[_PROBLEM] = reason


def problem() -> str:
    """Why there is no digit, or not the one that was asked for; empty if all is well."""
    return st.session_state.get(_PROBLEM, "")


def test_digit(number: int) -> Digit:
    """Picture `number` of MNIST's test set, 0 to 9,999. Raises DataError."""
    images, labels = pictures("test")
    label = int(labels[number])
    image = images[number][None] / np.float32(255)
    return Digit(image, label, f"test digit {number}, a {label}", number=number, mark=f"test-{number}")


@st.cache_resource(show_spinner="Looking for the hardest test digits …")
def hardest() -> list[int]:
    """Numbers of the test digits to which `best` gives the least probability of being what they are, hardest first."""
    import torch

    from lenet.data import mnist, pixels

    digits = mnist("test")
    model, _ = networks.load(networks.DEFAULT)
    with torch.inference_mode():
        right = [
            model(pixels(images)).softmax(1).gather(1, labels[:, None])
            for images, labels in zip(digits.images.split(500), digits.labels.split(500))
        ]
    return torch.cat(right)[:, 0].argsort(stable=True).tolist()


def choose() -> Digit | None:
    """The chooser for the pages that take a digit: what is looked at now, and how to look at another."""
    _follow_drawing()
    follow_url()
    with st.container(horizontal=True, vertical_alignment="center", key="digit-chooser"):
        digit = current()
        _keep_drawing(digit)
        if digit is not None:
            st.image(digit.pixels[0], width=40, clamp=True, alt=f"The digit being looked at: {digit.source}")
            st.markdown(f"Looking at **{digit.source}**", width="content")
        else:
            st.markdown("No digit yet: draw one or choose one.", width="content")
        pick()
        st.page_link("app.py", label="Draw one", icon=":material/draw:")
    if problem():
        st.error(problem())
    return digit


def pick(label: str = "Choose a digit") -> None:
    """The pop-over with the test digits and the upload."""
    popover = st.popover(label, icon=":material/image_search:", key=_OPEN, on_change="rerun")
    if not popover.open:  # a stroke need not make what nobody sees
        return
    shown = given()
    st.session_state[_NUMBER] = shown.number if shown else None
    with popover:
        st.pills("Which digit?", range(CLASSES), key=_CLASS, persist_state="session", help="Choose none for any digit.")
        with st.container(horizontal=True):
            st.button("At random", icon=":material/casino:", on_click=at_random, key="digit_random")
            st.button(
                "A hard one",
                icon=":material/local_fire_department:",
                on_click=a_hard_one,
                key="digit_hard",
                help="A digit that best gets wrong, or nearly.",
            )
        st.number_input(
            "Or its number in the test set",
            0,
            TEST_DIGITS - 1,
            step=1,
            key=_NUMBER,
            on_change=_follow_number,
            placeholder=f"0 to {TEST_DIGITS - 1}",
        )
        st.file_uploader(
            "Or a picture of a digit",
            max_upload_size=8,
            key=_UPLOAD,
            on_change=_from_upload,
            help="A photograph or a scan, dark on light or light on dark.",
        )


def follow_url() -> None:
    """Show the test digit that the link asks for, once; a link that asks for none gets that which is shown."""
    asked, shown = st.query_params.get(URL), given()
    if asked is None and shown and shown.number is not None:
        asked = st.session_state[_FOLLOWED] = st.query_params[URL] = str(shown.number)  # come from another page
    if asked is None or asked == st.session_state.get(_FOLLOWED):
        return
    st.session_state[_FOLLOWED] = asked
    if asked.isdecimal() and len(asked) <= len(str(TEST_DIGITS)):
        show_number(int(asked))
    else:
        show_number(-1)


def _follow_drawing() -> None:
    """Show the drawing that the link brings, once."""
    from lenet.strokes import StrokesError, decode

    asked = st.query_params.get(DRAWING_URL, "")
    if asked and asked != st.session_state.get(_FOLLOWED_DRAWING):
        st.session_state[_FOLLOWED_DRAWING] = asked
        try:
            draw(decode(asked), None, f"link-{asked}")
        except StrokesError as error:
            refuse(str(error))


def _keep_drawing(digit: Digit | None) -> None:
    """Keep the drawing in the address while it is looked at, so that a reload brings it back."""
    drawing = digit.drawing if digit else ""
    st.session_state[_FOLLOWED_DRAWING] = drawing
    if drawing and drawing != st.query_params.get(DRAWING_URL):
        st.query_params[DRAWING_URL] = drawing
    st.query_params.pop(URL if drawing else DRAWING_URL, None)  # the address asks for one digit


def _follow_number() -> None:
    number = st.session_state[_NUMBER]
    if number is not None:
        show_number(int(number))


def show_number(number: int) -> None:
    """Look at that test digit, or have a problem that says why not."""
    if not 0 <= number < TEST_DIGITS:
        st.session_state[_PROBLEM] = f"There is no test digit of that number: choose one from 0 to {TEST_DIGITS - 1}."
        return
    try:
        show(test_digit(number))
    except DataError as error:
        st.session_state[_PROBLEM] = str(error)


def show_first(number: int) -> None:
    """Look at that test digit where there is none yet, and keep what is to be said, say of a link in vain."""
    said = problem()
    show_number(number)
    if current():
        st.session_state[_PROBLEM] = said
        st.rerun()


def at_random() -> None:
    """A test digit by chance, of the chosen class. For callbacks."""
    _one_of(lambda: list(range(TEST_DIGITS)), TEST_DIGITS)


def a_hard_one() -> None:
    """One of the hardest test digits, of the chosen class. For callbacks."""
    _one_of(hardest, HARDEST)


def _one_of(numbers: Callable[[], list[int]], most: int) -> None:
    """Show one of the first `most` of these test digits that are of the chosen class."""
    from lenet.pretrained import WeightsError

    wanted = st.session_state.get(_CLASS)
    st.session_state[_OPEN] = False  # it would lie over the answer
    try:
        labels = pictures("test")[1].tolist()
        show_number(random.choice([n for n in numbers() if wanted is None or labels[n] == wanted][:most]))
    except (DataError, WeightsError) as error:
        st.session_state[_PROBLEM] = str(error)


def _from_upload() -> None:
    from lenet.ink import InkError, open_picture, read_ink
    from lenet.splitting import on_board

    file = st.session_state[_UPLOAD]
    st.session_state.pop(_PROBLEM, None)
    if file is None:
        return
    st.session_state[_OPEN] = False
    try:
        picture = open_picture(file)
        ink = read_ink(picture)
        shown = from_ink(ink, "an uploaded picture", file.file_id)
        show(replace(shown, sheet=on_board(ink.grey), taken=_taken(picture, ink), hint=ink.hint))
    except InkError as error:
        kept = " The digit before it is still shown." if current() else ""
        st.session_state[_PROBLEM] = f"{networks.plain(file.name)}: {error}{kept}"


def _taken(picture: "Image", ink: "Ink") -> bytes:
    """The picture as a JPEG no larger than it is shown, the ink tinted and framed."""
    from PIL import Image, ImageDraw

    if picture.mode.startswith(("I", "F")):  # more than 8 bits: only the ink is shown
        picture = Image.fromarray((255 - 255 * ink.grey).astype(np.uint8))
    scale = TAKEN_SIDE / max(ink.grey.shape)
    size = (max(1, round(ink.grey.shape[1] * scale)), max(1, round(ink.grey.shape[0] * scale)))
    small = picture.resize(size)
    seen = Image.new("RGB", size, "white")
    clear = small.has_transparency_data
    seen.paste(small.convert("RGB"), mask=small.convert("RGBA").getchannel("A") if clear else None)
    seen.paste(TINT, mask=Image.fromarray((200 * ink.grey).astype(np.uint8)).resize(size))
    rows, columns = ink.box
    corners = [columns.start * scale - 3, rows.start * scale - 3, columns.stop * scale + 2, rows.stop * scale + 2]
    ImageDraw.Draw(seen).rectangle(corners, outline=TINT, width=2)
    file = BytesIO()
    seen.save(file, "JPEG", quality=85)
    return file.getvalue()
