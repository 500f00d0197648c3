"""Masks for masks.mjs, and a package's times on them: masks.py make FILE, or masks.py PACKAGE FILE REPEATS. Prints JSON: ms for each call.
500 masks of 640x480, star-shaped polygons; a third of them with ragged borders, as models give them."""
import importlib
import json
import sys
import time

import numpy as np

COUNT, HEIGHT, WIDTH = 500, 480, 640


def star(rng):
    size = float(np.exp(rng.uniform(np.log(12), np.log(400))))
    points = int(np.clip(8 + size / 5, 6, 80))
    angle = np.sort(rng.random(points)) * 2 * np.pi
    radius = size / 2 * (.65 + .35 * rng.random(points))
    x = np.clip(rng.random() * WIDTH + radius * np.cos(angle), 0, WIDTH)
    y = np.clip(rng.random() * HEIGHT + radius * np.sin(angle), 0, HEIGHT)
    return [round(float(v), 2) for v in np.stack([x, y], 1).ravel()]


def make(path):
    from pycocotools import mask
    rng = np.random.default_rng(5)
    polygons = [star(rng) for _ in range(COUNT)]
    rles = mask.frPyObjects(polygons, HEIGHT, WIDTH)
    for i in range(0, COUNT, 3):
        pixels = mask.decode(rles[i])
        border = np.zeros_like(pixels)
        inner = pixels[1:-1, 1:-1]
        border[1:-1, 1:-1] = (inner != pixels[:-2, 1:-1]) | (inner != pixels[1:-1, :-2])
        rles[i] = mask.encode(np.asfortranarray(pixels ^ (border & (rng.random(pixels.shape) > .5).astype(np.uint8))))
    with open(path, 'w') as file:
        json.dump({'height': HEIGHT, 'width': WIDTH, 'polygons': polygons, 'counts': [rle['counts'].decode() for rle in rles]}, file)


def measure(package, path, repeats):
    module = importlib.import_module(f'{package}.mask')
    with open(path) as file:
        data = json.load(file)
    rles = [{'size': [HEIGHT, WIDTH], 'counts': counts.encode()} for counts in data['counts']]
    stack = np.asfortranarray(module.decode(rles))
    calls = {
        'encode': lambda: module.encode(stack),
        'decode': lambda: module.decode(rles),
        'iou': lambda: module.iou(rles, rles, [0] * COUNT),
        'merge': lambda: [module.merge([a, b]) for a, b in zip(rles, rles[1:])],
        'frPyObjects': lambda: module.frPyObjects(data['polygons'], HEIGHT, WIDTH),
    }
    times = {}
    for name, call in calls.items():
        best = float('inf')
        for _ in range(repeats):
            started = time.process_time()
            call()
            best = min(best, time.process_time() - started)
        times[name] = best * 1000
    print(json.dumps(times))


if sys.argv[1] == 'make':
    make(sys.argv[2])
else:
    measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))
