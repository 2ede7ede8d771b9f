"""Makes a table with images, recordings, vectors and sequences beside it."""

import csv
import wave

import numpy as np
from PIL import Image

HEADER = ["photo:image", "speech:audio", "note:text", "embedding:vector", "gait:sequence", "age", "label"]


def write_wav(path, samples, rate=8000, channels=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.asarray(samples, "<i2").tobytes())


def write_image(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)


def write_table(folder, n=60, seed=0):
    """Write ``mine.csv``, whose label every modality knows a little of, and give its path.

    In row r of every ten, for r = 0 to 3, the photo, the recording, the note and the age are absent in turn.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        y = i % 2
        level = 90 + 40 * y
        size = (20, 24) if i % 3 else (24, 20)
        write_image(folder / f"photos/{i}.png", rng.integers(level - 50, level + 50, (*size, 3)))
        tone = np.sin(np.arange(1500 + 10 * i) * (0.3 + 0.2 * y) + rng.normal())
        write_wav(folder / f"speech/{i}.wav", 9000 * tone + 3000 * rng.normal(size=len(tone)))
        np.save(folder / f"embedding{i}.npy", rng.normal(size=5) + y)
        np.save(folder / f"gait{i}.npy", rng.normal(size=(3 + i % 4, 2)) + y)
        note = " ".join(rng.choice(["good", "fine", "day"] if y else ["bad", "poor", "day"], 4))
        row = [
            f"photos/{i}.png",
            f"speech/{i}.wav",
            note,
            f"embedding{i}.npy",
            f"gait{i}.npy",
            str(30 + i % 7 + y),
        ]
        for absent, column in enumerate([0, 1, 2, 5]):
            if i % 10 == absent:
                row[column] = ""
        rows.append([*row, ("no", "yes")[y]])
    with (folder / "mine.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return folder / "mine.csv"
