import { closeSync, openSync } from 'node:fs';
import { EngineError } from '../../errors.js';
import type { LibraryFiles } from '../runtime/library.js';
import { openLibrary, systemLibrary } from './dynamic.js';
import { koffi } from './native.js';

/** A C pointer. */
export type Pointer = bigint;
/** TF_Output of the C API: one output of a graph operation. */
export interface GraphOutput {
  readonly oper: Pointer;
  readonly index: number;
}

/** Enumerations of tensorflow/c/tf_datatype.h and tf_attrtype.h that are used here. */
export const DataType = {
  float: 1,
  double: 2,
  int32: 3,
  uint8: 4,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  half: 19,
  resource: 20,
} as const;

export const AttrType = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5, resource: 6, function: 7 } as const;

/** Every C function used, with its C declaration; the type below gives the same in TypeScript. Source: tensorflow/c/c_api.h, tensorflow/c/eager/c_api.h, 2.9 to 2.21. */
const DECLARATIONS = {
  TF_Version: 'const char* TF_Version()',
  TF_NewStatus: 'void* TF_NewStatus()',
  TF_DeleteStatus: 'void TF_DeleteStatus(void*)',
  TF_GetCode: 'int TF_GetCode(void*)',
  TF_Message: 'const char* TF_Message(void*)',
  TF_AllocateTensor: 'void* TF_AllocateTensor(int, const int64_t*, int, size_t)',
  TF_TensorData: 'void* TF_TensorData(void*)',
  TF_TensorByteSize: 'size_t TF_TensorByteSize(void*)',
  TF_DeleteTensor: 'void TF_DeleteTensor(void*)',
  TF_StringInit: 'void TF_StringInit(void*)',
  TF_StringCopy: 'void TF_StringCopy(void*, const void*, size_t)',
  TF_StringGetSize: 'size_t TF_StringGetSize(const void*)',
  TF_StringGetDataPointer: 'void* TF_StringGetDataPointer(const void*)',
  TF_StringDealloc: 'void TF_StringDealloc(void*)',
  TF_NewBuffer: 'void* TF_NewBuffer()',
  TF_DeleteBuffer: 'void TF_DeleteBuffer(void*)',
  TF_NewGraph: 'void* TF_NewGraph()',
  TF_DeleteGraph: 'void TF_DeleteGraph(void*)',
  TF_GraphToGraphDef: 'void TF_GraphToGraphDef(void*, void*, void*)',
  TF_NewOperation: 'void* TF_NewOperation(void*, const char*, const char*)',
  TF_FinishOperation: 'void* TF_FinishOperation(void*, void*)',
  TF_AddInput: 'void TF_AddInput(void*, TF_Output)',
  TF_AddInputList: 'void TF_AddInputList(void*, const TF_Output*, int)',
  TF_SetAttrString: 'void TF_SetAttrString(void*, const char*, const void*, size_t)',
  TF_SetAttrInt: 'void TF_SetAttrInt(void*, const char*, int64_t)',
  TF_SetAttrIntList: 'void TF_SetAttrIntList(void*, const char*, const int64_t*, int)',
  TF_SetAttrFloat: 'void TF_SetAttrFloat(void*, const char*, float)',
  TF_SetAttrFloatList: 'void TF_SetAttrFloatList(void*, const char*, const float*, int)',
  TF_SetAttrBool: 'void TF_SetAttrBool(void*, const char*, uint8_t)',
  TF_SetAttrType: 'void TF_SetAttrType(void*, const char*, int)',
  TF_SetAttrTypeList: 'void TF_SetAttrTypeList(void*, const char*, const int*, int)',
  TF_SetAttrShape: 'void TF_SetAttrShape(void*, const char*, const int64_t*, int)',
  TF_SetAttrTensor: 'void TF_SetAttrTensor(void*, const char*, void*, void*)',
  TF_SetAttrFuncName: 'void TF_SetAttrFuncName(void*, const char*, const char*, size_t)',
  TF_OperationName: 'const char* TF_OperationName(void*)',
  TF_AddControlInput: 'void TF_AddControlInput(void*, void*)',
  TF_OperationNumOutputs: 'int TF_OperationNumOutputs(void*)',
  TF_OperationNumInputs: 'int TF_OperationNumInputs(void*)',
  TF_OperationOutputType: 'int TF_OperationOutputType(TF_Output)',
  TF_GraphGetTensorNumDims: 'int TF_GraphGetTensorNumDims(void*, TF_Output, void*)',
  TF_GraphGetTensorShape: 'void TF_GraphGetTensorShape(void*, TF_Output, _Out_ int64_t*, int, void*)',
  TF_GraphSetTensorShape: 'void TF_GraphSetTensorShape(void*, TF_Output, const int64_t*, int, void*)',
  TF_GraphToFunction:
    'void* TF_GraphToFunction(void*, const char*, uint8_t, int, void*, int, const TF_Output*, int, const TF_Output*, void*, void*, const char*, void*)',
  TF_GraphCopyFunction: 'void TF_GraphCopyFunction(void*, void*, void*, void*)',
  TF_FunctionSetAttrValueProto: 'void TF_FunctionSetAttrValueProto(void*, const char*, const void*, size_t, void*)',
  TF_DeleteFunction: 'void TF_DeleteFunction(void*)',
  TF_GraphOperationByName: 'void* TF_GraphOperationByName(void*, const char*)',
  TF_NewSessionOptions: 'void* TF_NewSessionOptions()',
  TF_SetConfig: 'void TF_SetConfig(void*, const void*, size_t, void*)',
  TF_DeleteSessionOptions: 'void TF_DeleteSessionOptions(void*)',
  TF_LoadSessionFromSavedModel:
    'void* TF_LoadSessionFromSavedModel(void*, void*, const char*, const char**, int, void*, void*, void*)',
  TF_SessionRun:
    'void TF_SessionRun(void*, void*, const TF_Output*, const void*, int, const TF_Output*, void*, int, void*, int, void*, void*)',
  TF_CloseSession: 'void TF_CloseSession(void*, void*)',
  TF_DeleteSession: 'void TF_DeleteSession(void*, void*)',
  TF_NumDims: 'int TF_NumDims(void*)',
  TF_Dim: 'int64_t TF_Dim(void*, int)',
  TFE_NewContextOptions: 'void* TFE_NewContextOptions()',
  TFE_ContextOptionsSetConfig: 'void TFE_ContextOptionsSetConfig(void*, const void*, size_t, void*)',
  TFE_DeleteContextOptions: 'void TFE_DeleteContextOptions(void*)',
  TFE_NewContext: 'void* TFE_NewContext(void*, void*)',
  TFE_ContextAddFunction: 'void TFE_ContextAddFunction(void*, void*, void*)',
  TFE_ContextRemoveFunction: 'void TFE_ContextRemoveFunction(void*, const char*, void*)',
  TFE_ContextEnableGraphCollection: 'void TFE_ContextEnableGraphCollection(void*)',
  TFE_ContextDisableGraphCollection: 'void TFE_ContextDisableGraphCollection(void*)',
  TFE_ContextExportRunMetadata: 'void TFE_ContextExportRunMetadata(void*, void*, void*)',
  TFE_ContextListDevices: 'void* TFE_ContextListDevices(void*, void*)',
  TF_DeviceListCount: 'int TF_DeviceListCount(void*)',
  TF_DeviceListName: 'const char* TF_DeviceListName(void*, int, void*)',
  TF_DeviceListType: 'const char* TF_DeviceListType(void*, int, void*)',
  TF_DeleteDeviceList: 'void TF_DeleteDeviceList(void*)',
  TFE_NewTensorHandle: 'void* TFE_NewTensorHandle(void*, void*)',
  TFE_DeleteTensorHandle: 'void TFE_DeleteTensorHandle(void*)',
  TFE_TensorHandleCopySharingTensor: 'void* TFE_TensorHandleCopySharingTensor(void*, void*)',
  TFE_TensorHandleNumDims: 'int TFE_TensorHandleNumDims(void*, void*)',
  TFE_TensorHandleDim: 'int64_t TFE_TensorHandleDim(void*, int, void*)',
  TFE_TensorHandleDataType: 'int TFE_TensorHandleDataType(void*)',
  TFE_TensorHandleResolve: 'void* TFE_TensorHandleResolve(void*, void*)',
  TFE_NewOp: 'void* TFE_NewOp(void*, const char*, void*)',
  TFE_DeleteOp: 'void TFE_DeleteOp(void*)',
  TFE_OpAddInput: 'void TFE_OpAddInput(void*, void*, void*)',
  TFE_OpSetAttrString: 'void TFE_OpSetAttrString(void*, const char*, const void*, size_t)',
  TFE_OpSetAttrInt: 'void TFE_OpSetAttrInt(void*, const char*, int64_t)',
  TFE_OpSetAttrIntList: 'void TFE_OpSetAttrIntList(void*, const char*, const int64_t*, int)',
  TFE_OpSetAttrFloat: 'void TFE_OpSetAttrFloat(void*, const char*, float)',
  TFE_OpSetAttrFloatList: 'void TFE_OpSetAttrFloatList(void*, const char*, const float*, int)',
  TFE_OpSetAttrBool: 'void TFE_OpSetAttrBool(void*, const char*, uint8_t)',
  TFE_OpSetAttrType: 'void TFE_OpSetAttrType(void*, const char*, int)',
  TFE_OpSetAttrTypeList: 'void TFE_OpSetAttrTypeList(void*, const char*, const int*, int)',
  TFE_OpSetAttrShape: 'void TFE_OpSetAttrShape(void*, const char*, const int64_t*, int, void*)',
  TFE_OpSetAttrFunctionName: 'void TFE_OpSetAttrFunctionName(void*, const char*, const char*, size_t)',
  TFE_Execute: 'void TFE_Execute(void*, void*, void*, void*)',
  TF_SetStatus: 'void TF_SetStatus(void*, int, const char*)',
  TFE_EnableCollectiveOps: 'void TFE_EnableCollectiveOps(void*, const void*, size_t, void*)',
  TFE_CollectiveOpsCheckPeerHealth: 'void TFE_CollectiveOpsCheckPeerHealth(void*, const char*, int64_t, void*)',
  TFE_AbortCollectiveOps: 'void TFE_AbortCollectiveOps(void*, void*)',
} as const;

/** Functions of tensorflow/c/eager/c_api_experimental.h, which some builds leave out; null where they are missing. */
type Optional = 'TFE_EnableCollectiveOps' | 'TFE_CollectiveOpsCheckPeerHealth' | 'TFE_AbortCollectiveOps';
const OPTIONAL: ReadonlySet<string> = new Set<Optional>([
  'TFE_EnableCollectiveOps',
  'TFE_CollectiveOpsCheckPeerHealth',
  'TFE_AbortCollectiveOps',
]);

type Value =
  | string
  | number
  | bigint
  | readonly number[]
  | readonly GraphOutput[]
  | GraphOutput
  | ArrayBufferView
  | number[]
  | readonly string[]
  | null;
/** A C function: pointers are bigint, counts are numbers; `async` runs it on another thread. */
interface CFunction<Result> {
  (...args: readonly Value[]): Result;
  async(...args: readonly (Value | ((error: Error | null, result: Result) => void))[]): void;
}
/** The return type follows from the declaration's first word. */
type ResultOf<Declaration extends string> = Declaration extends `const char*${string}`
  ? string
  : Declaration extends `void*${string}`
    ? Pointer
    : Declaration extends `void ${string}`
      ? undefined
      : number;

export type Functions = { readonly [K in keyof typeof DECLARATIONS]: CFunction<ResultOf<(typeof DECLARATIONS)[K]>> };

export interface Api extends Functions {
  /** Copies `bytes` bytes between C memory and typed arrays. */
  readonly copyIn: (target: Pointer, source: ArrayBufferView, bytes: number) => void;
  readonly copyOut: (target: ArrayBufferView, source: Pointer, bytes: number) => void;
}

/**
 * Runs `work` with the process's standard error closed to native code: TensorFlow writes notices on loading that no
 * log level stops. ESPALIER_DEBUG keeps them.
 */
export function withoutNotices<T>(work: () => T): T {
  if (process.env.ESPALIER_DEBUG || process.platform !== 'linux') return work();
  const libc = koffi().load('libc.so.6');
  const duplicate = libc.func('int dup(int)');
  const replace = libc.func('int dup2(int, int)');
  const close = libc.func('int close(int)');
  const kept = duplicate(2);
  const nowhere = openSync('/dev/null', 'w');
  replace(nowhere, 2);
  try {
    return work();
  } finally {
    replace(kept, 2);
    close(kept);
    closeSync(nowhere);
  }
}

/**
 * Loads the library and binds its functions.
 *
 * @throws EngineError when the files are no TensorFlow library of this platform, or one that lacks a function used here
 */
export function loadApi(files: LibraryFiles): Api {
  const libc = systemLibrary();
  const paths = [files.framework, files.library].filter((path) => path !== null);
  for (const path of paths) {
    const problem = openLibrary(path);
    if (problem !== null) throw new EngineError(`${path} (${files.origin}) cannot be loaded: ${problem}; ${REMEDY}`);
  }
  const libraries = paths.reverse().map((path) => koffi().load(path));
  koffi().struct('TF_Output', { oper: 'void*', index: 'int' });
  const missing: string[] = [];
  const bind = (name: string, declaration: string): unknown => {
    for (const library of libraries) {
      try {
        return library.func(declaration);
      } catch {
        // In the other file, or in none.
      }
    }
    if (!OPTIONAL.has(name)) missing.push(name);
    return null;
  };
  const functions = Object.fromEntries(
    Object.entries(DECLARATIONS).map(([name, declaration]) => [name, bind(name, declaration)]),
  ) as unknown as Functions;
  if (missing.length > 0) {
    const version = missing.includes('TF_Version') ? 'no TensorFlow' : `TensorFlow ${functions.TF_Version()}`;
    const shown = missing.slice(0, 3).join(', ');
    throw new EngineError(
      `${files.library} (${files.origin}) is ${version}: it lacks ${missing.length} functions of the C API (${shown}); ${OLDEST} or newer is needed: ${REMEDY}`,
    );
  }
  return {
    ...functions,
    copyIn: libc.func('void* memcpy(void*, const void*, size_t)') as unknown as Api['copyIn'],
    copyOut: libc.func('void* memcpy(void*, const void*, size_t)') as unknown as Api['copyOut'],
  };
}

/** The oldest TensorFlow that has every function above; older ones are refused. */
export const OLDEST = '2.9';
const REMEDY = "name another in ESPALIER_TENSORFLOW, or run 'espalier runtime install'";
