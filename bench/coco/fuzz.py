"""Random small sets evaluated by pycocotools: fuzz.py FOLDER FIRST COUNT. Writes FOLDER/N.gt.json, N.dt.json and N.json (type, params, answers)."""
import base64
import contextlib
import io
import json
import os
import sys

import numpy as np
from pycocotools import mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

HEIGHT, WIDTH = 60, 90


def draw_box(rng, coarse):
    box = [rng.uniform(-5, WIDTH - 10), rng.uniform(-5, HEIGHT - 10), rng.uniform(0, 60), rng.uniform(0, 50)]
    return [float(round(v / 8) * 8) for v in box] if coarse else [float(v) for v in box]


def moved(rng, box, coarse):
    out = [v + d for v, d in zip(box, rng.normal(0, 3, 4))]
    return [float(round(v / 8) * 8) for v in out] if coarse else [float(v) for v in out]


def polygon(rng, box):
    x, y, w, h = box
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 12)))
    radius = rng.uniform(.4, 1, len(angles)) / 2
    return [float(v) for a, r in zip(angles, radius) for v in (x + w / 2 + w * r * np.cos(a), y + h / 2 + h * r * np.sin(a))]


def segmentation(rng, box, crowd):
    parts = [polygon(rng, box) for _ in range(rng.integers(1, 3))]
    if not crowd:
        return parts
    rle = mask.merge(mask.frPyObjects(parts, HEIGHT, WIDTH))
    if rng.random() < .5:
        return {'size': rle['size'], 'counts': rle['counts'].decode()}
    pixels = np.concatenate([[0], mask.decode(rle).flatten(order='F')])
    ends = np.flatnonzero(np.diff(pixels))
    return {'size': rle['size'], 'counts': np.diff(np.concatenate([[0], ends, [HEIGHT * WIDTH]])).tolist()}


def points(rng, box):
    x, y, w, h = box
    return [float(v) for _ in range(17) for v in (x + w * rng.random(), y + h * rng.random(), rng.integers(0, 3))]


def score(rng, kind):
    return float(rng.choice([.1, .3, .3, .5, .9]) if kind == 0 else rng.random() if kind == 1 else np.float32(rng.random()))


def generate(rng):
    kind = ['bbox', 'segm', 'keypoints'][rng.integers(3)]
    coarse, ties = rng.random() < .5, rng.integers(3)
    images = [{'id': int(i), 'height': HEIGHT, 'width': WIDTH} for i in rng.permutation(40)[:rng.integers(1, 12)] + 1]
    categories = [{'id': int(i), 'name': str(i)} for i in rng.permutation(9)[:rng.integers(1, 5)] + 1]
    pick = lambda records: records[rng.integers(len(records))]['id']
    truths = []
    for _ in range(rng.integers(0, 60)):
        box, crowd = draw_box(rng, coarse), int(rng.random() < .12)
        ann = {'id': len(truths) + 1, 'image_id': pick(images), 'category_id': pick(categories), 'bbox': box, 'iscrowd': crowd,
               'area': float(rng.choice([abs(box[2] * box[3]), 1024, 9216, 300, 5000]))}
        if kind == 'segm':
            ann['segmentation'] = segmentation(rng, box, crowd)
        if kind == 'keypoints':
            ann['keypoints'] = points(rng, box)
            ann['num_keypoints'] = sum(v > 0 for v in ann['keypoints'][2::3]) if rng.random() < .9 else 0
        truths.append(ann)
    results = []
    for _ in range(rng.integers(1, 150)):
        near = truths[rng.integers(len(truths))] if truths and rng.random() < .7 else None
        box = moved(rng, near['bbox'], coarse) if near else draw_box(rng, coarse)
        keep = near and rng.random() < .9
        result = {'image_id': near['image_id'] if keep else pick(images), 'category_id': near['category_id'] if keep else pick(categories),
                  'score': score(rng, ties)}
        if kind == 'bbox':
            result['bbox'] = box
        elif kind == 'segm':
            parts = near['segmentation'] if near and isinstance(near['segmentation'], list) and rng.random() < .3 else [polygon(rng, box)]
            rle = mask.merge(mask.frPyObjects(parts, HEIGHT, WIDTH))
            result['segmentation'] = {'size': rle['size'], 'counts': rle['counts'].decode()}
        elif near:
            result['keypoints'] = [float(v + d) for v, d in zip(near['keypoints'], rng.normal(0, rng.choice([0, .5, 4]), 51))]
        else:
            result['keypoints'] = points(rng, box)
        results.append(result)
    params = {}
    if rng.random() < .2:
        params['maxDets'] = [1, 3, int(rng.integers(4, 12))]
    if rng.random() < .15 and kind != 'keypoints':
        params['useCats'] = 0
    if rng.random() < .15:
        params['iouThrs'] = [float(v) for v in np.sort(rng.uniform(.05, 1, rng.integers(1, 5)))]
    return kind, params, {'images': images, 'categories': categories, 'annotations': truths}, results


def packed(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype='<f8').tobytes()).decode()


folder, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for n in range(first, first + count):
    kind, params, truth, results = generate(np.random.default_rng(n))
    paths = [os.path.join(folder, f'{n}.{side}.json') for side in ('gt', 'dt')]
    for path, value in zip(paths, (truth, results)):
        with open(path, 'w') as file:
            json.dump(value, file)
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO(paths[0])
        evaluation = COCOeval(gt, gt.loadRes(paths[1]), kind)
        for name, value in params.items():
            setattr(evaluation.params, name, np.array(value) if name == 'iouThrs' else value)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    answers = {name: packed(evaluation.eval[name]) for name in ('precision', 'recall', 'scores')}
    with open(os.path.join(folder, f'{n}.json'), 'w') as file:
        json.dump({'type': kind, 'params': params, **answers, 'stats': packed(evaluation.stats)}, file)
