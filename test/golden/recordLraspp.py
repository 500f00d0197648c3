"""Makes test/golden/decoders/lraspp.json: torchvision's LR-ASPP head with formula weights on formula maps, in float64.

  python test/golden/recordLraspp.py      needs torch and torchvision, see bench/peers/setup.sh
"""
import json
import sys
from pathlib import Path

import torch
import torchvision
from torchvision.models.segmentation.lraspp import LRASPPHead

sys.path.insert(0, str(Path(__file__).parents[2] / "bench/smp"))
from record import hashes, kind_of, value  # noqa: E402

CLASSES, INNER, GAIN = 3, 16, 1
SHAPES = {"P3": (1, 8, 8, 12), "P5": (1, 12, 4, 6)}


def symmetric(name, shape):
    count = torch.Size(shape).numel()
    return torch.from_numpy(2 * (hashes(name, count).astype("float64") / 2**32) - 1).reshape(shape)


head = LRASPPHead(SHAPES["P3"][1], SHAPES["P5"][1], CLASSES, INNER).eval()
state = {}
for name, tensor in head.state_dict().items():
    if not name.endswith("num_batches_tracked"):
        full = f"classifier.{name}"
        state[name] = value(full, tensor, kind_of(full, tensor, {"classifier.cbr.1"}), GAIN)
head.load_state_dict(state, strict=False)
head = head.double()
low, high = (symmetric(level, shape) for level, shape in SHAPES.items())
with torch.no_grad():
    logits = head({"low": low, "high": high})
    resized = torch.nn.functional.interpolate(logits, size=(64, 96), mode="bilinear", align_corners=False)
flat = resized.flatten()
at = (hashes("idx:lraspp", 40) % flat.numel()).astype("int64")
content = {
    "provenance": f"torchvision {torchvision.__version__}, torch {torch.__version__}: LRASPPHead with formula weights version 1 (test/backbones/formula.ts) on formula maps P3, P5, float64, resized to 64 x 96; positions in NCHW",
    "gain": GAIN, "shapes": SHAPES, "inner": INNER, "names": sorted(f"classifier.{name}" for name in state),
    "output": {"tag": "lraspp", "shape": list(resized.shape), "mean": flat.mean().item(), "std": flat.std(unbiased=False).item(), "noise": 0,
               "value": [float(f"{x:.7g}") for x in flat[torch.from_numpy(at)].tolist()]},
}
(Path(__file__).parent / "decoders/lraspp.json").write_text(json.dumps(content))
