interface BuiltinModules {
  getBuiltinModule?(name: string): unknown;
}

/** A module of Node, or undefined in a browser. */
export function nodeModule<T>(name: string): T | undefined {
  const runtime = (globalThis as { process?: BuiltinModules }).process;
  return runtime?.getBuiltinModule?.(`node:${name}`) as T | undefined;
}
