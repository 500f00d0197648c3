"""One evaluation by a Python package: peers.py PACKAGE GT DT TYPE THREADS [ARRAYS.npz].
Prints a JSON line: CPU seconds, peak memory in MB, stats. ARRAYS gets precision, recall, scores and stats."""
import contextlib
import importlib
import io
import json
import resource
import sys

package, gt, dt, iou_type, threads = sys.argv[1:6]


def by_coco_api():
    if package == 'pycocotools':
        COCO = importlib.import_module('pycocotools.coco').COCO
        COCOeval = importlib.import_module('pycocotools.cocoeval').COCOeval
    elif package == 'faster_coco_eval':
        module = importlib.import_module(package)
        COCO, COCOeval = module.COCO, module.COCOeval_faster
    else:
        module = importlib.import_module(package)
        COCO, COCOeval = module.COCO, module.COCOeval
    truth = COCO(gt)
    evaluation = COCOeval(truth, truth.loadRes(dt), iou_type)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats, evaluation.eval


def by_vernier():
    from pathlib import Path

    from vernier.instance import Bbox, CocoDataset, Evaluator, Keypoints, Segm

    kind = {'bbox': Bbox, 'segm': Segm, 'keypoints': Keypoints}[iou_type]()
    dataset = CocoDataset.from_json(Path(gt).read_bytes())
    evaluator = Evaluator(iou=kind, parity_mode='strict')
    return evaluator.evaluate(dataset, Path(dt).read_bytes(), num_threads=int(threads)).stats, None


with contextlib.redirect_stdout(io.StringIO()):
    stats, arrays = by_vernier() if package == 'vernier' else by_coco_api()
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({'cpu': usage.ru_utime + usage.ru_stime, 'memory': usage.ru_maxrss / 1024, 'stats': [float(x) for x in stats]}))
if len(sys.argv) > 6:
    import numpy as np

    np.savez(sys.argv[6], stats=stats, **{name: arrays[name] for name in ('precision', 'recall', 'scores')})
