/** What a column of a table can hold. */
export type Column =
  | 'image'
  | 'class'
  | 'x1'
  | 'y1'
  | 'x2'
  | 'y2'
  | 'x'
  | 'y'
  | 'w'
  | 'h'
  | 'bbox'
  | 'rle'
  | 'width'
  | 'height'
  | 'set';
export type Columns = { readonly [column in Column]?: number };

/** Names of columns in headers, without case and marks. */
const NAMES: { readonly [column in Column]: RegExp } = {
  image: /^(file_?name|image(id|path|name|file|filename)?|path|file(path)?|img(path|name|id)?)$/,
  class: /^(class(name|id)?|labels?(name)?|category(name)?|name|object)$/,
  x1: /^(xmin|x1|x0|left|xtl|xstart|xleft|minx)$/,
  y1: /^(ymin|y1|y0|top|ytl|ystart|ytop|miny)$/,
  x2: /^(xmax|x2|right|xbr|xend|xright|maxx)$/,
  y2: /^(ymax|y2|bottom|ybr|yend|ybottom|maxy)$/,
  x: /^(x|bboxx|xc?)$/,
  y: /^(y|bboxy)$/,
  w: /^(w|bboxw|bboxwidth|boxwidth)$/,
  h: /^(h|bboxh|bboxheight|boxheight)$/,
  bbox: /^(bbox|box|boundingbox)$/,
  rle: /^(encodedpixels|rle|rlemask|maskrle)$/,
  width: /^(width|imagewidth|imgwidth|imw)$/,
  height: /^(height|imageheight|imgheight|imh)$/,
  set: /^(set|split|subset|mlusage|usage)$/,
};

/** Columns by the titles of a header; of several the first. */
export function columnsOf(head: readonly string[]): Columns {
  const columns: { [column in Column]?: number } = {};
  for (const [i, title] of head.entries()) {
    const plain = title.toLowerCase().replace(/[^a-z0-9]/g, '');
    for (const column of Object.keys(NAMES) as Column[]) if (NAMES[column].test(plain)) columns[column] ??= i;
  }
  return columns;
}
