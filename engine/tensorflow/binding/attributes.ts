import type { OpAttr } from '#tfjs-node';
import { type Api, AttrType, type Pointer } from './api.js';

/** Functions of the C API that set attributes: of an operation to be executed, or of one to be added to a graph. */
export type AttributeSetters = 'TFE_OpSetAttr' | 'TF_SetAttr';

/** Sets one attribute, by the kind the kernel layer gives it. */
export function setAttribute(
  api: Api,
  setters: AttributeSetters,
  op: Pointer,
  { name, type, value }: OpAttr,
  status: Pointer,
): void {
  const list = Array.isArray(value) ? value : null;
  switch (type) {
    case AttrType.string: {
      const text = Buffer.from(value as string, 'latin1');
      api[`${setters}String`](op, name, text, text.length);
      break;
    }
    case AttrType.int:
      if (list) api[`${setters}IntList`](op, name, list, list.length);
      else api[`${setters}Int`](op, name, value as number);
      break;
    case AttrType.float:
      if (list) api[`${setters}FloatList`](op, name, list, list.length);
      else api[`${setters}Float`](op, name, value as number);
      break;
    case AttrType.bool:
      api[`${setters}Bool`](op, name, value ? 1 : 0);
      break;
    case AttrType.type:
      if (list) api[`${setters}TypeList`](op, name, list, list.length);
      else api[`${setters}Type`](op, name, value as number);
      break;
    case AttrType.shape: {
      const shape = list ?? [];
      if (setters === 'TF_SetAttr') api.TF_SetAttrShape(op, name, shape, shape.length);
      else api.TFE_OpSetAttrShape(op, name, shape, shape.length, status);
      break;
    }
    case AttrType.function:
      if (setters === 'TF_SetAttr')
        api.TF_SetAttrFuncName(op, name, value as string, Buffer.byteLength(value as string));
      else api.TFE_OpSetAttrFunctionName(op, name, value as string, Buffer.byteLength(value as string));
      break;
    default:
      throw new Error(`attribute ${name} has type ${type}, which no op here uses`);
  }
}
