"""A class's digits as a test set and as files, and how phones find the server."""

import csv
import gzip
import struct
import zipfile
from io import BytesIO, StringIO
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from benchmarks import handwriting
from lenet.classroom import address, files
from lenet.classroom.quizzes import what_will_it_read, which_lost_a_class, which_map_lights_up
from lenet.classroom.scores import accuracies, pictures, score
from lenet.classroom.store import ClassError, Drawing, Store
from lenet.data import mnist
from lenet.own_data import OwnDataError
from lenet.own_data import load as load_own
from lenet.paths import PRETRAINED
from lenet.pretrained import create_model, list_models, load
from lenet.strokes import Stroke, encode


def drawing(at: int, label: int, *points: tuple[float, float]) -> Drawing:
    return Drawing(at, at % 3 + 1, label, encode([Stroke(points)]), False)


WALL = [
    drawing(1, 1, (160, 60), (160, 260)),
    drawing(2, 7, (90, 70), (220, 70), (150, 260)),
    drawing(3, 4, (90, 70), (220, 70), (150, 260)),  # a 7 where a 4 was asked for
]


@pytest.fixture(scope="module")
def best():
    return load(PRETRAINED / "best.safetensors")


def test_the_score_says_what_was_read_and_what_was_asked_for(best):
    model, card = best
    result = score(model, card.test_accuracy, WALL)
    assert result.confusion[1, 1] == result.confusion[7, 7] == result.confusion[4, 7] == 1 == result.confusion.sum() - 2
    assert result.accuracy.value == pytest.approx(2 / 3)
    assert result.accuracy.low < 2 / 3 < result.accuracy.high
    assert result.mnist.value == card.test_accuracy
    assert result.hardest == (4, 0, 1)
    (wrong,) = result.misread
    assert (wrong.drawing, wrong.answer) == (WALL[2], 7) and wrong.probability > 0.5
    assert result.stages["centred"] == pytest.approx(result.accuracy.value)


def test_every_network_is_compared_the_best_first(best):
    dead = load(PRETRAINED / "original-dead.safetensors")
    rows = accuracies({"original-dead": dead, "best": best}, [*WALL[:2], *digits_by(1)[6:7]])
    stated = {"best": best[1].test_accuracy, "original-dead": dead[1].test_accuracy}
    assert {name: theirs.value for name, _, theirs in rows} == stated
    assert rows[0][1].value >= rows[1][1].value
    ours = {name: accuracy for name, accuracy, _ in rows}
    assert ours["best"] == score(best[0], 0.5, [*WALL[:2], *digits_by(1)[6:7]]).accuracy


def test_what_centring_was_worth_is_measured(best):
    corner = [drawing(1, 7, (20, 20), (80, 20), (50, 100))]  # small, in a corner
    stages = score(*best[:1], best[1].test_accuracy, corner).stages
    assert (stages["raw"], stages["centred"]) == (0.0, 1.0)


def test_all_read_correctly_leaves_no_hardest_digit(best):
    result = score(best[0], best[1].test_accuracy, WALL[:2])
    assert result.hardest is None and result.misread == []


def test_a_drawing_is_seen_as_the_first_page_sees_it():
    from lenet.strokes import decode, read_strokes

    ink = read_strokes(decode(WALL[1].strokes))
    assert (pictures(WALL[1].strokes) == np.stack([ink.raw, ink.scaled, ink.centred])).all()


@pytest.mark.parametrize("write", [files.as_csv, files.as_npz, files.as_idx])
def test_a_file_brings_back_what_was_on_the_wall(write):
    there = [(drawing.pupil, drawing.label, drawing.strokes) for drawing in WALL]
    assert files.read_back(write(WALL)) == there
    store = Store()
    code, secret = store.open()
    teacher = store.teacher(code, secret)
    store.join(code)
    assert teacher.put(files.read_back(write(WALL))) == 3
    assert list(teacher.view().pupils) == [1]  # writers of an earlier class are not in this one
    assert sorted((d.pupil, d.label, d.strokes) for d in teacher.wall()) == sorted((w + 1, n, s) for w, n, s in there)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"writer,label,strokes\n",
        b"writer,label,strokes\n1,x,1abc\n",
        b"a,b\n1,2\n",
        b"PK\x03\x04broken",
    ],
)
def test_other_files_are_refused_in_a_sentence(content):
    with pytest.raises(ClassError, match="holds no drawings"):
        files.read_back(content)


def test_pictures_without_strokes_and_bombs_are_refused_in_a_sentence(monkeypatch):
    file = BytesIO()
    np.savez_compressed(file, images=np.zeros((3, 28, 28), "u1"), labels=np.arange(3))
    with pytest.raises(ClassError, match="The page Train learns"):
        files.read_back(file.getvalue())
    monkeypatch.setattr(files, "LARGEST", 20)
    with pytest.raises(ClassError, match="at most"):
        files.read_back(files.as_npz(WALL))


def test_a_file_with_one_wrong_drawing_brings_none():
    store = Store()
    teacher = store.teacher(*store.open())
    for wrong in ((1, 10, WALL[0].strokes), (1, 1, "<script>"), (1, 1, encode([Stroke(((9, 9),))]))):
        with pytest.raises(ClassError):
            teacher.put([(1, 1, WALL[0].strokes), wrong])
    with pytest.raises(ClassError, match="at most"):
        teacher.put([(writer, 1, WALL[0].strokes) for writer in range(201)])
    assert teacher.wall() == [] and not teacher.view().pupils


def test_benchmarks_handwriting_reads_the_npz(tmp_path, capsys):
    (tmp_path / "class.npz").write_bytes(files.as_npz(WALL))
    handwriting.run(SimpleNamespace(file=str(tmp_path / "class.npz"), network="best"))
    assert "66.67% of 3 drawings" in capsys.readouterr().out


def digits_by(writers: int) -> list[Drawing]:
    """Ten drawings of each writer, labelled 0 to 9; what is drawn does not matter here."""
    strokes = [encode([Stroke(((100, 60), (100 + 10 * label, 260)))]) for label in range(10)]
    return [Drawing(10 * w + n, w, n, strokes[n], False) for w in range(1, writers + 1) for n in range(10)]


@pytest.mark.parametrize(("writers", "held"), [(1, set()), (2, {2}), (3, {3}), (4, {4}), (9, {4, 8})])
def test_all_digits_of_a_writer_are_on_one_side_of_the_split(writers, held):
    learn, test = files.by_writer(digits_by(writers))
    assert {drawing.pupil for drawing in test} == held
    assert {drawing.pupil for drawing in learn} == set(range(1, writers + 1)) - held
    assert len(learn) + len(test) == 10 * writers


def test_the_idx_files_are_as_mnist_s_and_the_page_train_reads_them():
    with zipfile.ZipFile(BytesIO(files.as_idx(digits_by(4)))) as archive:
        packed = {name: archive.read(name) for name in archive.namelist() if name != files.STROKES}
    images, labels = (gzip.decompress(packed[f"train-{kind}-ubyte.gz"]) for kind in ("images-idx3", "labels-idx1"))
    assert struct.unpack(">4I", images[:16]) == (2051, 30, 28, 28) and len(images) == 16 + 30 * 784
    assert struct.unpack(">2I", labels[:8]) == (2049, 30) and list(labels[8:18]) == list(range(10))
    loaded = load_own(packed.items())
    assert (len(loaded.train), len(loaded.test)) == (30, 10)
    assert (loaded.train.images[1] == (255 * pictures(digits_by(1)[1].strokes)[2]).round()).all()


def test_the_npz_and_the_class_itself_can_be_learnt_from():
    found = load_own([("class.npz", files.as_npz(digits_by(9)))])
    learn, test = files.by_writer(digits_by(9))
    assert (found.train.images == files.arrays(learn)[0]).all() and (found.test.images == files.arrays(test)[0]).all()
    assert found.said == ("2 of 9 writers are kept back as the test set.",) and found.about.centred
    with pytest.raises(OwnDataError, match="The class 0 needs at least"):  # a single writer, who drew each digit once
        load_own([("class.npz", files.as_npz(digits_by(1)))])
    loaded = files.to_learn_from("ABC234", digits_by(5))
    assert (loaded.about.name, loaded.about.centred) == ("class ABC234", True)
    assert (len(loaded.train), len(loaded.test)) == (40, 10)
    with pytest.raises(OwnDataError, match="needs at least"):
        files.to_learn_from("ABC234", digits_by(4)[:-1])


def test_the_picture_of_the_wall_has_a_tile_for_each_drawing():
    picture = np.asarray(Image.open(BytesIO(files.as_picture(WALL))))
    assert ((picture[:, :] == 0).sum() > 3 * 2000) and picture.shape == (3 * 70 + 6, 70 + 6)
    assert Image.open(BytesIO(files.as_picture([]))).size


def test_no_cell_of_the_csv_is_a_formula():
    rows = list(csv.reader(StringIO(files.as_csv(WALL).decode())))
    assert rows[0] == ["writer", "label", "strokes"] and all(cell[0].isalnum() for row in rows for cell in row)


def test_the_questions_know_their_answers():
    digits = mnist("test")[:1000]
    original, dead = (create_model(name, pretrained=True) for name in ("original", "original-dead"))
    asked = which_lost_a_class([("original", original), ("original-dead", dead)], digits)
    assert asked["choices"][asked["truth"]] == "B" and "never says 6" in asked["note"]
    assert [group["name"][0] for group in asked["shown"]["groups"]] == ["A", "B"]
    assert asked["shown"]["groups"][1]["values"][6] == 0
    assert which_lost_a_class([("a", dead), ("b", original)], digits)["truth"] == 0
    assert which_lost_a_class([("a", original), ("b", original)], digits)["truth"] == 3
    read = what_will_it_read(digits.images[0, 0].numpy() / 255, 7, "original", original)
    assert read["truth"] == 7 and "It is a 7." in read["note"]
    lit = which_map_lights_up(digits.images[0, 0].numpy() / 255, "original", original)
    stages = {stage.name: stage.output for stage in original.trace(digits.images[:1] / 255)}
    means = stages["relu1"][0].mean((1, 2))
    assert lit["truth"] == int(means.argmax()) and f": map {lit['truth']} {means.max():.3f}, " in lit["note"]
    kernel = original.conv1.weight[lit["truth"], 0].flatten()
    shown = lit["shown"]["kernels"][lit["truth"]]
    assert len(lit["choices"]) == len(lit["shown"]["kernels"]) == 6
    assert np.allclose(shown, kernel / original.conv1.weight.abs().max(), atol=0.006)
    store = Store()
    teacher = store.teacher(*store.open())
    for question in (asked, read, lit):
        teacher.ask(**question)


@pytest.mark.parametrize("name", list_models(pretrained=True))
def test_every_shipped_network_can_be_asked_for_its_brightest_map(name):
    asked = which_map_lights_up(mnist("test").images[0, 0].numpy() / 255, name, create_model(name, pretrained=True))
    store = Store()
    store.teacher(*store.open()).ask(**asked)


@pytest.mark.parametrize(
    ("seen", "others"),
    [
        ("http://localhost:8501/class?class=ABC&teacher=x", "http://192.168.1.5:8501/class"),
        ("http://127.0.0.1/class", "http://192.168.1.5/class"),
        ("https://school.example/lenet/class?teacher=x", "https://school.example/lenet/class"),
        ("http://10.0.0.2:8501/class", "http://10.0.0.2:8501/class"),
    ],
)
def test_phones_get_an_address_that_is_not_localhost_and_holds_no_secret(seen, others):
    assert address.for_others(seen, "192.168.1.5") == others


def test_the_qr_code_is_square_and_has_its_three_corners():
    code = address.qr_code("http://192.168.1.5:8501/class?class=ABC234")
    dark = {tuple(map(int, cell.split("h")[0].split())) for cell in code["path"].split("M")[1:]}
    last = code["size"] - 1
    assert {(0, 0), (last, 0), (0, last)} <= dark and (1, 1) not in dark
    assert max(max(cell) for cell in dark) == last
