"""CREMA-D: actors who say sentences in six emotions."""

import re
from pathlib import Path

from ._clips import Clip, ClipDataset
from .registry import Card, register_dataset

__all__ = ["CREMAD"]

EMOTIONS = {
    "ANG": "angry",
    "DIS": "disgusted",
    "FEA": "fearful",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}
NAME = re.compile(r"(?P<actor>\d{4})_[A-Z]{3}_(?P<emotion>[A-Z]{3})_(LO|MD|HI|XX|X)")


@register_dataset("crema-d")
class CREMAD(ClipDataset):
    """7,442 clips of 91 actors who say one of twelve sentences in one of six emotions."""

    folder = "crema-d"
    source = (
        "https://github.com/CheyneyComputerScience/CREMA-D (git lfs, 7 GB: the folder AudioWAV, in the "
        "folder crema-d, and frames of VideoFlash in crema-d/frames/NAME, for example by `ffmpeg -i "
        "VideoFlash/NAME.flv -vf fps=8 frames/NAME/%03d.jpg`)"
    )
    rate = 16_000
    longest = 3.0
    held_out = 14

    @property
    def card(self) -> Card:
        """Say who was recorded."""
        return self._make_card(
            title="CREMA-D: emotion of actors from face and voice",
            description=(
                "7,442 clips of 91 actors, who say one of twelve sentences in one of six emotions. The label "
                "is the emotion that was to be acted."
            ),
            classes=tuple(EMOTIONS.values()),
            licence="Open Database License 1.0.",
            citation=(
                "H. Cao, D. G. Cooper, M. K. Keutmann, R. C. Gur, A. Nenkova and R. Verma (2014). CREMA-D: "
                "crowd-sourced emotional multimodal actors dataset. IEEE Transactions on Affective Computing "
                "5(4), 377-390."
            ),
        )

    def _clips(self, folder: Path, seed: int) -> list[Clip]:  # noqa: ARG002
        clips = []
        for path in sorted((folder / "AudioWAV").glob("*.wav")):
            name = NAME.fullmatch(path.stem)
            if name is None or name["emotion"] not in EMOTIONS:
                raise ValueError(f"{path.name} is not named actor_sentence_emotion_level.wav")
            label = list(EMOTIONS).index(name["emotion"])
            clips.append(Clip(path, folder / "frames" / path.stem, label, name["actor"]))
        return clips
