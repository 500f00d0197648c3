import { greyPng, vocXml } from '../folder.js';

/** An image of 40 x 20 pixels; each has another brightness. */
export const image = (value = 9): Uint8Array => greyPng(40, 20, value);
/** Boxes and polygons 4 2 20 10, one an image. */
export const coco = (names: readonly string[]) =>
  JSON.stringify({
    images: names.map((file_name, id) => ({ id, file_name })),
    annotations: names.map((_, id) => ({
      id,
      image_id: id,
      category_id: 1,
      bbox: [4, 2, 16, 8],
      segmentation: [[4, 2, 20, 2, 20, 10, 4, 10]],
    })),
    categories: [{ id: 1, name: 'cell' }],
  });
const labelme = (imagePath: string) =>
  JSON.stringify({
    imagePath,
    imageWidth: 40,
    imageHeight: 20,
    shapes: [
      {
        label: 'cell',
        shape_type: 'rectangle',
        points: [
          [20, 10],
          [4, 2],
        ],
      },
      {
        label: 'cell',
        shape_type: 'line',
        points: [
          [1, 1],
          [2, 2],
        ],
      },
    ],
  });
const cvat = `<?xml version="1.0"?><annotations><version>1.1</version><meta><task><labels><label><name>cell</name></label></labels></task></meta>
<image id="0" name="a.png" width="40" height="20"><box label="cell" xtl="4" ytl="2" xbr="20" ybr="10"/><points label="cell" points="1,1"/></image></annotations>`;
/** Two frames: a box in the first, three pixels of a brush in the second. */
export const video = `<?xml version="1.0"?><annotations><version>1.1</version><meta><task><labels><label><name>cell</name></label></labels><original_size><width>40</width><height>20</height></original_size></task></meta>
<track id="0" label="cell"><box frame="0" outside="0" keyframe="1" xtl="4" ytl="2" xbr="20" ybr="10"/><box frame="1" outside="1" xtl="4" ytl="2" xbr="20" ybr="10"/></track>
<track id="1" label="cell"><mask frame="1" outside="0" rle="0,3,1" left="5" top="6" width="2" height="2"/></track></annotations>`;
const viaCsv = `filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes
a.png,1,"{}",1,0,"{""name"":""rect"",""x"":4,""y"":2,""width"":16,""height"":8}","{""type"":""cell""}"
b.png,1,"{}",0,0,"{}","{}"
`;
const via = JSON.stringify({
  'a.png1': {
    filename: 'a.png',
    regions: [
      { shape_attributes: { name: 'rect', x: 4, y: 2, width: 16, height: 8 }, region_attributes: { type: 'cell' } },
    ],
  },
});
/** 255 from a corner to column 20 and row 10. */
export const square = (x: number, y: number): Uint8Array => {
  const data = Array<number>(800).fill(0);
  for (let row = y; row < 10; row++) data.fill(255, row * 40 + x, row * 40 + 20);
  return greyPng(40, 20, data);
};

/** What tools write, with the kind it is recognised as; the first object is the box 4 2 20 10 of class cell. */
export const LAYOUTS: readonly (readonly [
  name: string,
  kind: string,
  files: { readonly [path: string]: string | Uint8Array },
])[] = [
  ['COCO of Roboflow', 'coco', { 'train/a.png': image(), 'train/_annotations.coco.json': coco(['a.png']) }],
  [
    'COCO with folders',
    'coco',
    { 'train2017/a.png': image(), 'annotations/instances_train2017.json': coco(['a.png']) },
  ],
  ['VOC of Roboflow', 'voc', { 'train/a.png': image(), 'train/a.xml': vocXml([40, 20], [['cell', 5, 3, 20, 10]]) }],
  ['VOC of labelImg', 'voc', { 'a b.png': image(), 'a b.xml': vocXml([40, 20], [['cell', 5, 3, 20, 10]]) }],
  [
    'VOC of Label Studio',
    'voc',
    { 'images/a.png': image(), 'Annotations/a.xml': vocXml([40, 20], [['cell', 5, 3, 20, 10]]) },
  ],
  [
    'YOLO with data.yaml',
    'yolo',
    {
      'data.yaml': 'train: ../train/images\nval: ../valid/images\nnames: [cell]\n',
      'train/images/a.png': image(),
      'train/labels/a.txt': '0 0.3 0.3 0.4 0.4\n',
    },
  ],
  [
    'YOLO polygons',
    'yolo',
    { 'images/a.png': image(), 'labels/a.txt': '0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n', 'classes.txt': 'cell\n' },
  ],
  ['LabelMe', 'labelme', { 'a.png': image(), 'a.json': labelme('..\\elsewhere\\a.png') }],
  ['CVAT', 'cvat', { 'images/a.png': image(), 'annotations.xml': cvat }],
  [
    'CVAT for video',
    'cvat',
    { 'images/frame_000000.png': image(), 'images/frame_000001.PNG': image(7), 'annotations.xml': video },
  ],
  ['VIA', 'via', { 'a.png': image(), 'via.json': via }],
  ['VIA as CSV', 'via', { 'a.png': image(), 'b.png': image(7), 'via_export.csv': viaCsv }],
  [
    'CSV with names',
    'csv',
    { 'a.png': image(), 'train.csv': 'filename,width,height,class,xmin,ymin,xmax,ymax\na.png,40,20,cell,4,2,20,10\n' },
  ],
  ['CSV of retinanet', 'csv', { 'i/a.png': image(), 'a.csv': 'i/a.png,4,2,20,10,cell\n' }],
  ['CSV of AutoML', 'csv', { 'a.png': image(), 'a.csv': 'TRAIN,gs://b/a.png,cell,0.1,0.1,,,0.5,0.5,,\n' }],
  [
    'a mask per object',
    'instances',
    { 'x/images/x.png': image(), 'x/masks/0.png': square(4, 2), 'x/masks/1.png': square(4, 2) },
  ],
];
