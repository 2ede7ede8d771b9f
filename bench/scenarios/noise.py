"""Noise on raw data: waveforms, pixels, strings, and vectors where these are the raw data."""

from dataclasses import replace

import numpy as np

from ...datasets.data import Kind, MultimodalData
from .registry import register_scenario

__all__ = ["add_gaussian_noise", "add_pixel_noise", "add_typos", "add_white_noise"]


@register_scenario(
    "noise-audio-white",
    mechanism="noise",
    levels={1: 20.0, 2: 10.0, 3: 5.0, 4: 0.0, 5: -5.0},
    level_name="signal-to-noise ratio in dB",
    identity=float("inf"),
    kinds=[Kind.AUDIO],
)
def add_white_noise(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Add white Gaussian noise to each waveform at a signal-to-noise ratio.

    The power of the signal is its mean square over the valid samples of the utterance; a silent one
    stays silent. Padding is not touched.

    Examples
    --------
    >>> from fusebench.datasets.data import Modality
    >>> wave = np.sin(np.arange(8000, dtype=np.float32))[None]
    >>> data = MultimodalData({"audio": Modality(Kind.AUDIO, wave, rate=8000)})
    >>> noisy = add_white_noise(data, "audio", 10.0, np.random.default_rng(0), data)
    >>> noise = noisy.modalities["audio"].values - wave
    >>> round(float(10 * np.log10(np.mean(wave**2) / np.mean(noise**2))), 1)
    10.0
    """
    audio = data.modalities[modality]
    valid = audio.frame_mask()
    count = valid.sum(axis=1, keepdims=True)
    noise = rng.standard_normal(audio.values.shape, dtype=np.float32) * valid
    # Scaled by its own power, so that every utterance has exactly the ratio asked for.
    power = np.square(audio.values * valid).sum(axis=1, keepdims=True) / count
    noise *= np.sqrt(power / 10 ** (level / 10) / (np.square(noise).sum(axis=1, keepdims=True) / count))
    return data.with_modality(modality, replace(audio, values=audio.values + noise.astype(np.float32)))


@register_scenario(
    "noise-image-gaussian",
    mechanism="noise",
    levels={1: 0.1, 2: 0.2, 3: 0.3, 4: 0.45, 5: 0.6},
    level_name="standard deviation, 1 = full scale",
    identity=0.0,
    kinds=[Kind.IMAGE],
)
def add_pixel_noise(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Add Gaussian noise to every pixel, then clip to the range of pixels.

    Examples
    --------
    >>> from fusebench.datasets.data import Modality
    >>> grey = np.full((1, 1, 64, 64), 128, np.uint8)
    >>> data = MultimodalData({"image": Modality(Kind.IMAGE, grey)})
    >>> noisy = add_pixel_noise(data, "image", 0.1, np.random.default_rng(0), data)
    >>> round(float(noisy.modalities["image"].values.std() / 255), 2)
    0.1
    """
    image = data.modalities[modality]
    noise = rng.standard_normal(image.values.shape, dtype=np.float32) * (255 * level)
    values = np.clip(np.rint(image.values + noise), 0, 255).astype(np.uint8)
    return data.with_modality(modality, replace(image, values=values))


@register_scenario(
    "noise-vector-gaussian",
    mechanism="noise",
    levels={1: 0.25, 2: 0.5, 3: 1.0, 4: 1.5, 5: 2.0},
    level_name="standard deviations of the feature",
    identity=0.0,
    kinds=[Kind.VECTOR, Kind.SEQUENCE],
)
def add_gaussian_noise(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Add Gaussian noise to every feature, in units of its spread over the clean training data.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> splits = load_dataset("synth-xor").load()
    >>> noisy = add_gaussian_noise(splits.test, "a", 1.0, np.random.default_rng(0), splits.train)
    >>> noise = noisy.modalities["a"].values - splits.test.modalities["a"].values
    >>> bool(np.allclose(noise.std(axis=0), splits.train.modalities["a"].values.std(axis=0), rtol=0.15))
    True
    """
    vector = data.modalities[modality]
    known = train.modalities[modality].values[train.valid(modality)]
    noise = rng.standard_normal(vector.values.shape, dtype=np.float32) * (level * known.std(axis=0))
    return data.with_modality(modality, replace(vector, values=(vector.values + noise).astype(np.float32)))


@register_scenario(
    "noise-text-typos",
    mechanism="noise",
    levels={1: 0.05, 2: 0.1, 3: 0.2, 4: 0.35, 5: 0.5},
    level_name="share of letters mistyped",
    identity=0.0,
    kinds=[Kind.TEXT],
)
def add_typos(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Mistype a share of the letters: hit a neighbouring key, leave the letter out, or hit it twice.

    Keys are those of an English keyboard; other letters can only be left out or doubled.

    Examples
    --------
    >>> from fusebench.datasets.data import Modality
    >>> data = MultimodalData({"text": Modality(Kind.TEXT, np.array(["a red circle above a blue square"]))})
    >>> typed = add_typos(data, "text", 0.1, np.random.default_rng(1), data)
    >>> str(typed.modalities["text"].values[0])
    'a ted cirfle above a blue aquare'
    """
    text = data.modalities[modality]
    typed = [_mistype(str(sentence), level, rng) for sentence in text.values]
    return data.with_modality(modality, replace(text, values=np.array(typed, dtype=np.str_)))


# Rows of a QWERTY keyboard; each stands about half a key to the right of the one above it.
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_TOUCHING = ((0, -1), (0, 1), (-1, 0), (-1, 1), (1, -1), (1, 0))


def _neighbours() -> dict[str, str]:
    place = {(row, column): key for row, keys in enumerate(_ROWS) for column, key in enumerate(keys)}
    return {
        key: "".join(place.get((row + down, column + right), "") for down, right in _TOUCHING)
        for (row, column), key in place.items()
    }


NEIGHBOURS = _neighbours()


def _mistype(sentence: str, level: float, rng: np.random.Generator) -> str:
    letters = [place for place, character in enumerate(sentence) if character.isalpha()]
    # Drawn for every letter, whatever the level: a higher level then adds typos and keeps the others.
    order = rng.permutation(len(letters))
    choices = rng.random((len(letters), 2))
    typed = list(sentence)
    for which in order[: round(level * len(letters))]:
        place = letters[which]
        letter = sentence[place]
        kind, key = choices[which]
        near = NEIGHBOURS.get(letter.lower(), "")
        if near and kind < 0.6:
            hit = near[int(key * len(near))]
            typed[place] = hit.upper() if letter.isupper() else hit
        elif kind < 0.8:
            typed[place] = ""
        else:
            typed[place] = letter * 2
    return "".join(typed)
