"""RAVDESS: actors who speak in eight emotions."""

import re
from pathlib import Path

from ._clips import Clip, ClipDataset
from .registry import Card, register_dataset

__all__ = ["RAVDESS"]

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
# Modality (03: audio), channel (01: speech), emotion, intensity, sentence, repetition, actor.
NAME = re.compile(r"03-01-(?P<emotion>0[1-8])-0[12]-0[12]-0[12]-(?P<actor>\d\d)")


@register_dataset("ravdess")
class RAVDESS(ClipDataset):
    """1,440 clips of 24 actors who say one of two sentences in one of eight emotions."""

    folder = "ravdess"
    source = (
        "https://zenodo.org/records/1188976 (Audio_Speech_Actors_01-24.zip, 0.2 GB, unpacked to "
        "ravdess/Actor_01 to Actor_24, and Video_Speech_Actor_01.zip to 24, 13 GB, as frames in "
        "ravdess/frames/NAME, for example by `ffmpeg -i Actor_01/NAME.mp4 -vf fps=8 frames/NAME/%03d.jpg`, "
        "with the names of the mp4 files that begin with 01; all in the folder ravdess)"
    )
    rate = 48_000
    longest = 4.5
    held_out = 4

    @property
    def card(self) -> Card:
        """Say who was recorded."""
        return self._make_card(
            title="RAVDESS: emotion of actors from face and voice",
            description=(
                "1,440 spoken clips of 24 actors, half of them women, who say one of two sentences in one of "
                "eight emotions."
            ),
            classes=EMOTIONS,
            licence="CC BY-NC-SA 4.0.",
            citation=(
                "S. R. Livingstone and F. A. Russo (2018). The Ryerson audio-visual database of emotional "
                "speech and song (RAVDESS). PLoS ONE 13(5), e0196391."
            ),
        )

    def _clips(self, folder: Path, seed: int) -> list[Clip]:  # noqa: ARG002
        clips = []
        for path in sorted(folder.glob("Actor_*/*.wav")):
            name = NAME.fullmatch(path.stem)
            if name is None:
                raise ValueError(f"{path.name} is not the name of spoken audio of RAVDESS")
            frames = folder / "frames" / f"01{path.stem[2:]}"
            clips.append(Clip(path, frames, int(name["emotion"]) - 1, name["actor"]))
        return clips
