"""EfficientNet-B0 of timm: PIXELS BATCH STEPS MODE -> {"median": ms, "rss": MiB}; MODE onnxruntime exports it first."""
import json
import resource
import sys
import tempfile
import time

import timm
import torch

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
times = []
with torch.inference_mode():
    for step in range(steps + 3):
        started = time.perf_counter()
        call()
        if step >= 3:
            times.append((time.perf_counter() - started) * 1000)
times.sort()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps({"median": times[len(times) // 2], "rss": peak}))
