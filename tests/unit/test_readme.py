"""The README says what its readers must know before they install anything."""

from lenet.study.report import README


def test_it_says_where_the_app_does_not_run():
    text = " ".join(README.read_text(encoding="utf-8").split())
    assert "Macs with an Intel processor" in text and "Windows on ARM" in text
