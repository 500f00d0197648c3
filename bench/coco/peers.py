"""One evaluation by a Python package: peers.py PACKAGE GT DT TYPE. Prints a JSON line: CPU seconds, peak memory in MB, stats."""
import contextlib
import importlib
import io
import json
import resource
import sys

package, gt, dt, iou_type = sys.argv[1:]
with contextlib.redirect_stdout(io.StringIO()):
    if package == 'pycocotools':
        COCO = importlib.import_module('pycocotools.coco').COCO
        COCOeval = importlib.import_module('pycocotools.cocoeval').COCOeval
    else:
        module = importlib.import_module(package)
        COCO, COCOeval = module.COCO, module.COCOeval
    truth = COCO(gt)
    evaluation = COCOeval(truth, truth.loadRes(dt), iou_type)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({'cpu': usage.ru_utime + usage.ru_stime, 'memory': usage.ru_maxrss / 1024, 'stats': [float(x) for x in evaluation.stats]}))
