"""The page Lesson without a browser: which lessons it offers, and what it says of one that is broken."""

from streamlit.testing.v1 import AppTest

from lenet.classroom import lessons
from tests.server import ROOT


def test_a_broken_lesson_is_refused_with_its_file_and_line_and_the_others_can_be_begun(tmp_path, monkeypatch):
    for name, page in (("mine", "draw"), ("broken", "paint")):
        (tmp_path / name).mkdir()
        text = f"title: Look\npage: {page}\n---\nLook at it.\n"
        (tmp_path / name / "01-look.md").write_text(text, encoding="utf-8")
    monkeypatch.setenv(lessons.VARIABLE, str(tmp_path))
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    at.switch_page("pages/lesson.py").run()
    assert not at.exception
    assert [error.value.partition(": ")[0] for error in at.error] == [f"{tmp_path}/broken/01-look.md:2"]
    assert {"begin-first", "begin-mine"} <= {button.key for button in at.button}
    assert "begin-broken" not in {button.key for button in at.button}
