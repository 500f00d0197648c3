import ts from 'typescript';
import { expect, test } from 'vitest';

const entry = new URL('../src/index.ts', import.meta.url).pathname;
const program = ts.createProgram([entry], {
  strict: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
});
const checker = program.getTypeChecker();

/** The symbol itself, behind re-exports. */
const target = (symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

const own = (symbol: ts.Symbol): boolean =>
  symbol.declarations?.some((node) => node.getSourceFile().fileName.includes('/coco-ts/src/')) ?? false;

const isDocumented = (symbol: ts.Symbol): boolean =>
  symbol.getDocumentationComment(checker).length > 0 ||
  ts.displayPartsToString(symbol.getJsDocTags().flatMap(({ text }) => text ?? [])) !== '';

const isHidden = (symbol: ts.Symbol): boolean =>
  symbol.getJsDocTags().some(({ name }) => name === 'internal') ||
  (symbol.declarations?.some(
    (node) => ts.getCombinedModifierFlags(node as ts.Declaration) & ts.ModifierFlags.Private,
  ) ??
    false);

/** Exported functions, classes and types, and the methods of classes, without a docstring. */
function undocumented(module: ts.Symbol, path: string): string[] {
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = target(exported);
    const name = `${path}${exported.name}`;
    if (symbol.flags & ts.SymbolFlags.Module) return undocumented(symbol, `${name}.`);
    const methods =
      symbol.flags & ts.SymbolFlags.Class
        ? [...(symbol.members?.values() ?? [])].filter(
            (member) => member.flags & ts.SymbolFlags.Method && !isHidden(member),
          )
        : [];
    return [symbol, ...methods]
      .filter((item) => own(item) && !isDocumented(item))
      .map((item) => (item === symbol ? name : `${name}.${item.name}`));
  });
}

test('every public function, class, method and type has a docstring', () => {
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!;
  expect(checker.getExportsOfModule(module).length).toBeGreaterThan(60);
  expect(undocumented(module, '')).toEqual([]);
});

test('nothing public is of type any', () => {
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!;
  const loose = checker
    .getExportsOfModule(module)
    .map(target)
    .filter((symbol) => symbol.valueDeclaration && checker.getTypeOfSymbol(symbol).flags & ts.TypeFlags.Any);
  expect(loose.map(({ name }) => name)).toEqual([]);
});
