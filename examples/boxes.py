"""Boxes of an image from a file of `espalier export RUN --to onnx`, with onnxruntime and numpy alone.

    python boxes.py model.onnx photo.png [threshold]

Prints one JSON object for each object that is found, best first: pixels of the image, x1 y1 x2 y2. Reading image files
takes Pillow; `boxes` takes any [height, width, 3] uint8 RGB array.
"""
import json
import sys

import numpy as np
import onnxruntime

BITS = 22  # of a weight: the training's own arithmetic, so that pixels are the same


def resize_axis(pixels, length, scale):
    """Triangle filter along the first axis, half-pixel centres, wider where the image shrinks; rounded to whole values."""
    source = len(pixels)
    support = max(1.0, 1.0 / scale)
    rows = []
    for i in range(length):
        at = (i + 0.5) / scale
        if not 0 <= at < source:
            break
        places = np.arange(max(0, int(at - support + 0.5)), min(source, int(at + support + 0.5)))
        weights = np.maximum(0, 1 - np.abs(places + 0.5 - at) / support)
        shares = np.floor(weights / weights.sum() * 2**BITS + 0.5).astype(np.int64)
        rows.append((np.tensordot(shares, pixels[places].astype(np.int64), 1) + 2 ** (BITS - 1)) >> BITS)
    return np.array(rows).astype(np.uint8)


def lay(image, input):
    """The image in the network's input, at the top left, and the scale that it was resized by."""
    height, width = input["size"]
    scale = min(height / image.shape[0], width / image.shape[1])
    if input["fit"] == "native":
        scale = min(scale, 1.0)
    rows = resize_axis(image, height, scale)
    small = resize_axis(rows.transpose(1, 0, 2), width, scale).transpose(1, 0, 2)
    batch = np.empty((input["batch"], height, width, 3), np.float32)
    batch[:] = input["fill"]
    batch[0, : small.shape[0], : small.shape[1]] = small
    return batch, scale


def suppress(boxes, labels, scores, threshold, most):
    """Rows that stay of boxes that come best first: within a class, none overlaps a better one by more than the threshold."""
    kept = []
    for i in range(len(scores)):
        if len(kept) == most:
            break
        others = [k for k in kept if labels[k] == labels[i]]
        low = np.maximum(boxes[others, :2], boxes[i, :2])
        high = np.minimum(boxes[others, 2:], boxes[i, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        areas = np.prod(boxes[others, 2:] - boxes[others, :2], axis=1) + np.prod(boxes[i, 2:] - boxes[i, :2])
        if not np.any(shared / (areas - shared) > threshold):
            kept.append(i)
    return kept


def boxes(session, image, threshold=None):
    """[height, width, 3] uint8 RGB -> a list of {label, score, box}, best first."""
    about = json.loads(session.get_modelmeta().custom_metadata_map["espalier"])
    names = [each["name"] for each in about["classes"]]
    batch, scale = lay(image, about["input"])
    outputs = dict(zip([each.name for each in session.get_outputs()], session.run(None, {about["input"]["name"]: batch})))
    answer = about["answer"]
    if answer["kind"] == "detections":  # exported with --nms graph
        found = outputs["detections"].astype(np.float64)
        corners, scores, labels = found[:, :4], found[:, 4], found[:, 5].astype(int)
    elif answer["kind"] == "boxes" and answer["suppression"] == "hard":
        flat = outputs["scores"][0].reshape(-1)
        best = np.argsort(-flat, kind="stable")[: answer["maxCandidates"]]
        best = best[flat[best] >= answer["scoreThreshold"]]
        corners = outputs["boxes"][0][best // len(names)].astype(np.float64)
        scores, labels = flat[best], best % len(names)
    else:
        raise SystemExit(f"this script reads boxes with hard suppression, not {answer}")
    height, width = image.shape[:2]
    corners = np.clip(corners / scale, 0, [width, height, width, height])
    inside = (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
    corners, scores, labels = corners[inside], scores[inside], labels[inside]
    rows = range(len(scores))
    if answer["kind"] == "boxes":
        rows = suppress(corners, labels, scores, answer["iouThreshold"], answer["maxDetections"])
    lowest = about["threshold"] if threshold is None else threshold
    return [
        {"label": names[labels[i]], "score": float(scores[i]), "box": [float(edge) for edge in corners[i]]}
        for i in rows
        if scores[i] >= lowest
    ]


if __name__ == "__main__":
    from PIL import Image

    model, photo, *rest = sys.argv[1:]
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    pixels = np.asarray(Image.open(photo).convert("RGB"))
    for each in boxes(session, pixels, float(rest[0]) if rest else None):
        print(json.dumps(each))
