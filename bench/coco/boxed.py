"""Results with the bbox that vernier insists on: boxed.py RESULTS OUT. The box of the mask, or of the keypoints, as loadRes makes it."""
import json
import sys

from pycocotools import mask

with open(sys.argv[1]) as file:
    results = json.load(file)
for result in results:
    if 'keypoints' in result:
        x, y = result['keypoints'][0::3], result['keypoints'][1::3]
        result['bbox'] = [min(x), min(y), max(x) - min(x), max(y) - min(y)]
    else:
        result['bbox'] = mask.toBbox(result['segmentation']).tolist()
with open(sys.argv[2], 'w') as file:
    json.dump(results, file)
