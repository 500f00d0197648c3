"""Names and shapes of effdet's published detectors: names.py > test/golden/weights/effdet.json. A digest each of the sorted
lines `name|d0,d1,...` of the state dict, without the counters of batch norm."""
import hashlib
import json
from importlib.metadata import version

import effdet
import torch

ARCHS = [f"tf_efficientdet_{size}" for size in "d0 d1 d2 d3 d4 d5 d6 d7 d7x lite0 lite1 lite2 lite3 lite3x lite4".split()]

content = {"provenance": "bench/pull/names.py", "effdet": version("effdet"), "networks": {}}
for arch in ARCHS:
    with torch.device("meta"):
        network = effdet.EfficientDet(effdet.get_efficientdet_config(arch), pretrained_backbone=False)
    state = {key: value for key, value in network.state_dict().items() if not key.endswith("num_batches_tracked")}
    lines = sorted(f"{key}|{','.join(map(str, value.shape))}" for key, value in state.items())
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    content["networks"][arch] = {"tensors": len(lines), "sha256": digest}
print(json.dumps(content, indent=1))
