"""RUNTIME NETWORK BATCH FOLDER SECONDS -> {"median": ms, "rss": MiB}: PyTorch with timm or effdet, or a file NETWORK-BATCH.onnx of the folder."""
import json
import resource
import sys
import time
from pathlib import Path

import numpy

runtime, name, batch, folder, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), float(sys.argv[5])
pixels = {"b0": 224, "lite0": 320, "d0": 512}[name]
file = folder / f"{name}-{batch}.onnx"
images = numpy.random.default_rng(0).random((batch, pixels, pixels, 3), numpy.float32) * 255


def pytorch():
    import torch

    torch.manual_seed(0)
    if name == "b0":
        import timm

        network = timm.create_model("tf_efficientnet_b0").eval()
    else:
        from effdet import DetBenchPredict, EfficientDet, get_efficientdet_config

        config = get_efficientdet_config("tf_efficientdet_" + name)
        config.image_size = (pixels, pixels)
        network = DetBenchPredict(EfficientDet(config, pretrained_backbone=False)).eval()
    network = network.to(memory_format=torch.channels_last)
    tensor = torch.from_numpy(images / 255).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)

    def call():
        with torch.inference_mode():
            network(tensor)

    return call


def onnxruntime():
    from onnxruntime import InferenceSession

    session = InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"images": images})


def openvino():
    import openvino

    core = openvino.Core()
    hints = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    compiled = core.compile_model(core.read_model(str(file)), "CPU", hints)
    request = compiled.create_infer_request()
    return lambda: request.infer([images])


call = {"pytorch": pytorch, "pytorch-tuned": pytorch, "ort": onnxruntime, "openvino": openvino}[runtime]()
for _ in range(2):
    call()
times, end = [], time.perf_counter() + seconds
while len(times) < 3 or time.perf_counter() < end:
    started = time.perf_counter()
    call()
    times.append((time.perf_counter() - started) * 1000)
times.sort()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps({"median": times[len(times) // 2], "calls": len(times), "rss": peak}))
