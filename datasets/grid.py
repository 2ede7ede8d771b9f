"""GRID: speakers who say sentences of a fixed grammar, such as "bin blue at f two now"."""

import re
from pathlib import Path

import numpy as np

from ..seeding import make_generator
from ._clips import Clip, ClipDataset
from ._files import check_choice
from ._generated import check_count
from .registry import Card, register_dataset

__all__ = ["GRID"]

# Each word of the sentence, by the character that stands for it in the name of the file.
WORDS = {
    "command": {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    "colour": {"b": "blue", "g": "green", "r": "red", "w": "white"},
    "preposition": {"a": "at", "b": "by", "i": "in", "w": "with"},
    "letter": {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},
    "digit": {"z": "zero", **{digit: digit for digit in "123456789"}},
    "adverb": {"a": "again", "n": "now", "p": "please", "s": "soon"},
}
NAME = re.compile("".join(f"(?P<{word}>[{''.join(said)}])" for word, said in WORDS.items()))


@register_dataset("grid")
class GRID(ClipDataset):
    """34 speakers with 1,000 sentences each; the class is one word of the sentence.

    Parameters
    ----------
    word : {"command", "colour", "preposition", "letter", "digit", "adverb"}
        Which word is to be recognised.
    n_each : int
        Sentences of each speaker that the seed draws, 1,000 at most.
    """

    folder = "grid"
    source = (
        "https://zenodo.org/records/3625687 (audio_25k.zip, 1.6 GB, unpacked to grid/audio_25k/SPEAKER, and "
        "SPEAKER.zip, 14 GB, as frames in grid/frames/SPEAKER/NAME, for example by `ffmpeg -i s1/NAME.mpg "
        "-vf fps=8 frames/s1/NAME/%03d.jpg`, in the folder grid)"
    )
    rate = 25_000
    longest = 3.0
    held_out = 5

    def __init__(self, *, word: str = "digit", n_each: int = 100) -> None:
        self.word = check_choice("word", word, tuple(WORDS))
        self.n_each = check_count("n_each", n_each)

    @property
    def card(self) -> Card:
        """Say what is said."""
        return self._make_card(
            title=f"GRID: {self.word} of a spoken sentence from face and voice",
            description=(
                "34 speakers say 1,000 sentences each, of six words of a fixed grammar; the class is the "
                f"{self.word}. The seed draws {self.n_each} sentences of each speaker. One speaker (s21) has "
                "no video."
            ),
            classes=tuple(WORDS[self.word].values()),
            licence="CC BY 4.0.",
            citation=(
                "M. Cooke, J. Barker, S. Cunningham and X. Shao (2006). An audio-visual corpus for speech "
                "perception and automatic speech recognition. Journal of the Acoustical Society of America "
                "120(5), 2421-2424."
            ),
        )

    def _clips(self, folder: Path, seed: int) -> list[Clip]:
        clips: list[Clip] = []
        for speaker in sorted(path for path in (folder / "audio_25k").glob("*") if path.is_dir()):
            paths = sorted(speaker.glob("*.wav"))
            rng = make_generator(self.name, "sentences", speaker.name, seed)
            drawn = np.sort(rng.permutation(len(paths))[: self.n_each])
            clips += [self._clip(folder, paths[place]) for place in drawn]
        return clips

    def _clip(self, folder: Path, path: Path) -> Clip:
        name = NAME.fullmatch(path.stem)
        if name is None:
            raise ValueError(f"{path.name} is not named by the words of a sentence, like bbaf2n.wav")
        speaker = path.parent.name
        label = list(WORDS[self.word]).index(name[self.word])
        return Clip(path, folder / "frames" / speaker / path.stem, label, speaker)
