"""EfficientNet-B0 of timm: PIXELS BATCH STEPS MODE -> {"median": ms, "rss": MiB}; MODE onnxruntime exports it first."""
import sys
import tempfile
from pathlib import Path

import timm
import torch

sys.path.append(str(Path(__file__).parents[1] / "peers"))
from timing import report

pixels, batch, steps, mode = *map(int, sys.argv[1:4]), sys.argv[4]
torch.manual_seed(0)
network = timm.create_model("tf_efficientnet_b0", exportable=mode == "onnxruntime").eval()
images = torch.randn(batch, 3, pixels, pixels)
if mode == "onnxruntime":
    import onnxruntime

    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        torch.onnx.export(network, (images,), file.name, dynamo=False)
        session = onnxruntime.InferenceSession(file.name, providers=["CPUExecutionProvider"])
    feeds = {session.get_inputs()[0].name: images.numpy()}
    call = lambda: session.run(None, feeds)
else:
    network = network.to(memory_format=torch.channels_last)
    images = images.to(memory_format=torch.channels_last)
    call = lambda: network(images)
with torch.inference_mode():
    report(call, steps, warm_up=3)
