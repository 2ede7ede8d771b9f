"""Photographs and texts, on small files in the formats of each data set, made here."""

import csv
import json

import numpy as np
import pytest

from fusebench.bench.checks import check_dataset
from fusebench.datasets import crisismmd, food101, mmimdb, mvsa, pascal_sentences
from fusebench.datasets.data import Task
from fusebench.datasets.registry import datasets, load_dataset
from fusebench.errors import DataNotFoundError, FusebenchError

from .pictures import numbers_of, write_picture

# Every writer numbers its samples; picture, text and label all tell the number.
PARTS = {"train": range(24), "dev": range(24, 32), "test": range(32, 44)}


HEADER = ["event_name", "tweet_id", "image_id", "tweet_text", "image", "label", "label_text", "label_image"]


def text_of(number):
    return f'words, number "{number}" for étude'


def write_memes(folder):
    for part, numbers in zip(("train", "dev_seen", "test_seen"), PARTS.values(), strict=True):
        lines = []
        for number in numbers:
            write_picture(folder / "img" / f"{number:05}.png", number)
            lines.append(
                json.dumps(
                    {
                        "id": number,
                        "img": f"img/{number:05}.png",
                        "text": text_of(number),
                        "label": number % 2,
                    }
                )
            )
        (folder / f"{part}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_food(folder):
    (folder / "texts").mkdir()
    for part, n_each in {"train": 10, "test": 2}.items():
        with (folder / "texts" / f"{part}_titles.csv").open("w", encoding="utf-8", newline="") as file:
            for label, dish in enumerate(food101.CLASSES):
                for index in range(n_each):
                    name = f"{dish}_{index}.jpg"
                    write_picture(folder / "images" / part / dish / name, label, size=(8, 8))
                    csv.writer(file).writerow([name, text_of(label), dish])


def write_tweets(folder):
    (folder / "crisismmd_datasplit_agreed_label").mkdir()
    for task, classes in crisismmd.CLASSES.items():
        names = [*classes, *crisismmd.MERGED] if task == "humanitarian" else classes
        for part, numbers in PARTS.items():
            lines = ["\t".join(HEADER)]
            for number in numbers:
                image = f"data_image/california_wildfires/10_10_2017/{number}_0.jpg"
                write_picture(folder / image, number)
                label = names[number % len(names)]
                cells = [
                    "california_wildfires",
                    str(number),
                    f"{number}_0",
                    text_of(number),
                    image,
                    label,
                    label,
                    label,
                ]
                lines.append("\t".join(cells))
            path = folder / "crisismmd_datasplit_agreed_label" / f"task_{task}_text_img_agreed_lab_{part}.tsv"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_mvsa(folder, votes=("{0},{0}",)):
    lines = ["ID\ttext,image"]
    for number in range(60):
        label = mvsa.CLASSES[number % 3]
        write_picture(folder / "data" / f"{number}.jpg", number)
        (folder / "data" / f"{number}.txt").write_text(text_of(number) + "\n", encoding="utf-8")
        lines.append("\t".join([str(number), *(vote.format(label) for vote in votes)]))
    (folder / "labelResultAll.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_three_votes(folder):
    write_mvsa(folder, votes=("{0},{0}", "{0},neutral", "negative,{0}"))


def write_films(folder):
    for number in range(44):
        write_picture(folder / "dataset" / f"{number:07}.jpeg", number)
        genres = [genre for place, genre in enumerate(mmimdb.GENRES) if place in (number % 23, 3)]
        facts = {"plot": ["short", text_of(number)], "genres": [*genres, "News"], "title": "A film"}
        (folder / "dataset" / f"{number:07}.json").write_text(json.dumps(facts), encoding="utf-8")
    split = {part: [f"{number:07}" for number in numbers] for part, numbers in PARTS.items()}
    (folder / "split.json").write_text(json.dumps(split), encoding="utf-8")


def write_sentences(folder):
    for label, name in enumerate(pascal_sentences.CLASSES):
        (folder / "sentence" / name).mkdir(parents=True)
        for index in range(10):
            write_picture(folder / "dataset" / name / f"2008_{index:06}.jpg", label)
            text = text_of(label).replace("number", "\nnumber") + "\n"
            (folder / "sentence" / name / f"2008_{index:06}.txt").write_text(text, encoding="utf-8")


# Writer, label of a number, sizes of the splits.
SETS = {
    "hateful-memes": (write_memes, lambda number: number % 2, (24, 8, 12)),
    "upmc-food101": (write_food, lambda number: number, (909, 101, 202)),
    "crisismmd": (write_tweets, lambda number: number % 2, (24, 8, 12)),
    "mvsa-single": (write_mvsa, lambda number: number % 3, (48, 6, 6)),
    "mvsa-multiple": (write_three_votes, lambda number: number % 3, (48, 6, 6)),
    "mm-imdb": (
        write_films,
        lambda number: [int(place in (number % 23, 3)) for place in range(23)],
        (24, 8, 12),
    ),
    "pascal-sentences": (write_sentences, lambda number: number, (160, 20, 20)),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Files of all data sets."""
    root = tmp_path_factory.mktemp("data")
    for name, (write, *_) in SETS.items():
        (root / datasets[name].folder).mkdir()
        write(root / datasets[name].folder)
    return root


@pytest.fixture
def memes(tmp_path):
    """Files to change."""
    (tmp_path / "hateful-memes").mkdir()
    write_memes(tmp_path / "hateful-memes")
    return tmp_path


def parts(splits):
    return splits.train, splits.validation, splits.test


@pytest.mark.parametrize("name", SETS)
def test_pictures_texts_and_labels_belong_together(written, name):
    _, label_of, sizes = SETS[name]
    splits = load_dataset(name, data_dir=written, size=16).load()
    assert tuple(len(data) for data in parts(splits)) == sizes
    for data in parts(splits):
        assert data.modalities["image"].values.shape[1:] == (3, 16, 16)
        numbers = [int(text.split('"')[1]) for text in data.modalities["text"].values]
        assert [text.replace(" ", "") for text in data.modalities["text"].values] == [
            text_of(number).replace(" ", "") for number in numbers
        ]
        assert data.labels.tolist() == [label_of(number) for number in numbers]
        assert numbers_of(data.modalities["image"].values) == [number % 60 for number in numbers]


@pytest.mark.parametrize("name", ["hateful-memes", "crisismmd", "mm-imdb"])
def test_published_splits_are_kept(written, name):
    for seed in (0, 1):
        splits = load_dataset(name, data_dir=written, limit=None).load(seed)
        for data, numbers in zip(parts(splits), PARTS.values(), strict=True):
            assert [int(text.split('"')[1]) for text in data.modalities["text"].values] == list(numbers)


@pytest.mark.parametrize(
    "name", [name for name in SETS if name not in ("mm-imdb", "upmc-food101", "pascal-sentences")]
)
def test_small_files_keep_all_promises_of_a_data_set(written, name):
    check_dataset(load_dataset(name, data_dir=written, size=16, limit=20))
    if name in ("hateful-memes", "crisismmd"):
        check_dataset(load_dataset(name, data_dir=written, size=16, limit=None))


def test_several_genres_apply(written):
    dataset = load_dataset("mm-imdb", data_dir=written, size=16)
    assert dataset.card.task is dataset.load().train.task is Task.MULTILABEL
    assert set(dataset.load().train.labels.sum(axis=1)) == {1, 2}


def test_the_seed_draws_what_the_limit_allows(written):
    drawn = [load_dataset("hateful-memes", data_dir=written, limit=10).load(seed) for seed in (0, 0, 1)]
    texts = [splits.train.modalities["text"].values.tolist() for splits in drawn]
    assert [len(data) for data in parts(drawn[0])] == [10, 8, 10]
    assert texts[0] == texts[1] != texts[2]


def test_rare_kinds_of_information_are_joined(written):
    splits = load_dataset("crisismmd", data_dir=written, label="humanitarian").load()
    names = [*crisismmd.CLASSES["humanitarian"], *crisismmd.MERGED]
    expected = [names[number % 8] for number in PARTS["train"]]
    found = [crisismmd.CLASSES["humanitarian"][label] for label in splits.train.labels]
    assert found == [crisismmd.MERGED.get(name, name) for name in expected]


def test_memes_of_before_the_labels_were_published(written):
    splits = load_dataset("hateful-memes", data_dir=written, test="dev_seen").load()
    assert [len(data) for data in parts(splits)] == [21, 3, 8]
    texts = splits.test.modalities["text"].values
    assert [int(text.split('"')[1]) for text in texts] == list(PARTS["dev"])


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        ("positive,positive", "positive"),
        ("neutral,positive", "positive"),
        ("negative,neutral", "negative"),
        ("neutral,neutral", "neutral"),
        ("positive,negative", None),
        ("positive,positive\tpositive,neutral\tneutral,neutral", "positive"),
        ("positive,positive\tnegative,neutral\tneutral,neutral", None),
        ("negative,positive\tnegative,positive\tpositive,neutral", None),
    ],
)
def test_labels_of_text_and_photograph_are_joined(tmp_path, votes, label):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "7.txt").write_text("a tweet")
    (tmp_path / "labelResultAll.txt").write_text(f"ID\ttext,image\n7\t{votes}\n")
    rows = mvsa._read_rows(tmp_path)
    assert [mvsa.CLASSES[row.label] for row in rows] == ([] if label is None else [label])


def test_titles_with_commas_need_no_quotes(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "test_titles.csv").write_text("a.jpg,Pie, with apples,apple_pie\n")
    assert food101._read_titles(tmp_path, "test") == [("images/test/apple_pie/a.jpg", "Pie, with apples", 0)]


def test_the_fingerprint_depends_on_tables_and_pictures(memes):
    dataset = load_dataset("hateful-memes", data_dir=memes)
    first = dataset.fingerprint()
    assert load_dataset("hateful-memes", data_dir=memes, size=32).fingerprint() != first
    write_picture(memes / "hateful-memes" / "img" / "00003.png", 3, size=(40, 40))
    second = dataset.fingerprint()
    path = memes / "hateful-memes" / "train.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("words", "verbs"), encoding="utf-8")
    assert len({first, second, dataset.fingerprint()}) == 3


def set_line(**changes):
    def spoil(folder):
        path = folder / "train.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines()
        lines[1] = json.dumps({**json.loads(lines[1]), **changes})
        path.write_text("\n".join(lines), encoding="utf-8")

    return spoil


def write_secret(folder):
    write_picture(folder.parent / "secret.png", 1)
    set_line(img="../secret.png")(folder)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (set_line(img="img/99999.png"), "the image 'img/99999.png'"),
        (set_line(img="/etc/passwd"), "the image '/etc/passwd' lies outside"),
        (write_secret, r"the image '\.\./secret\.png' lies outside"),
        (set_line(img=3), r"line 2 of train\.jsonl has a wrong img"),
        (set_line(label=2), r"line 2 of train\.jsonl has a wrong img, text or label"),
        (lambda folder: (folder / "train.jsonl").write_text("{}"), r"line 1 of train\.jsonl lacks img"),
        (
            lambda folder: (folder / "train.jsonl").write_text("[" * 10**5),
            r"line 1 of train\.jsonl lacks img",
        ),
        (lambda folder: (folder / "train.jsonl").write_text(""), "no train samples"),
        (lambda folder: (folder / "test_seen.jsonl").unlink(), r"test_seen\.jsonl"),
        (lambda folder: (folder / "img" / "00001.png").write_bytes(b"no"), r"img/00001\.png'.*no image"),
    ],
)
def test_damaged_memes_are_a_message(memes, spoil, reason):
    spoil(memes / "hateful-memes")
    with pytest.raises(FusebenchError, match=reason):
        load_dataset("hateful-memes", data_dir=memes).load()


def replace_in(name, old, new):
    def spoil(folder):
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    return spoil


@pytest.mark.parametrize(
    ("name", "spoil", "reason"),
    [
        (
            "crisismmd",
            "crisismmd_datasplit_agreed_label/task_informative_text_img_agreed_lab_dev.tsv",
            "row 1 of task",
        ),
        ("mvsa-single", "labelResultAll.txt", "line 2 of labelResultAll.txt"),
        ("mm-imdb", "split.json", "split.json names the film"),
        ("mm-imdb", "dataset/0000002.json", "0000002.json must hold lists of texts"),
        ("upmc-food101", "texts/train_titles.csv", "record 1 of train_titles.csv"),
    ],
)
def test_damaged_tables_are_a_message(tmp_path, name, spoil, reason):
    folder = tmp_path / datasets[name].folder
    folder.mkdir()
    SETS[name][0](folder)
    changes = {
        "crisismmd": ("informative", "formative"),
        "mvsa-single": ("negative", "bad"),
        "mm-imdb": ("000000", "../00") if spoil == "split.json" else ("plot", "plan"),
        "upmc-food101": ("apple_pie", "pear_pie"),
    }
    replace_in(spoil, *changes[name])(folder)
    with pytest.raises(FusebenchError, match=reason):
        load_dataset(name, data_dir=tmp_path).load()


@pytest.mark.parametrize("name", SETS)
def test_a_missing_folder_is_a_message(tmp_path, name):
    for call in ("load", "fingerprint"):
        with pytest.raises(DataNotFoundError, match=f"'{datasets[name].folder}'.*http"):
            getattr(load_dataset(name, data_dir=tmp_path), call)()


@pytest.mark.parametrize(("option", "value"), [("size", 4), ("size", "64"), ("limit", 0)])
def test_wrong_options_are_named(option, value):
    with pytest.raises(FusebenchError, match=option):
        load_dataset("mm-imdb", **{option: value})


def test_links_out_of_the_folder_are_the_users_own(memes, tmp_path):
    images = memes / "hateful-memes" / "img"
    images.rename(tmp_path / "elsewhere")
    images.symlink_to(tmp_path / "elsewhere")
    assert len(load_dataset("hateful-memes", data_dir=memes).load().test) == 12


def test_blocks_of_pictures_have_the_features_of_all_together():
    from fusebench.datasets.data import Kind, Modality
    from fusebench.datasets.features import patches

    pixels = np.random.default_rng(0).integers(256, size=(1030, 3, 8, 8)).astype(np.uint8)
    features = patches.PatchFeatures()
    together = features.transform(Modality(Kind.IMAGE, pixels))
    alone = features.transform(Modality(Kind.IMAGE, pixels[1020:]))
    for name, view in together.items():
        np.testing.assert_allclose(view.values[1020:], alone[name].values, rtol=1e-5)
