/**
 * Compiles the functions of coco-ts/wasm, a subset of TypeScript over i32, i64 (bigint), f64 and v128, to one WebAssembly module: const
 * and let, if, while, do, for, break, continue, return, operators, calls. Numbers at the top level are constants. A function with the
 * JSDoc tag @inline is put where it is called.
 */
import ts from 'typescript';
import { signed, TYPE, unsigned, writeModule } from './binary.mjs';
import { BINARY, INSTRUCTIONS, MEMORY } from './instructions.mjs';

const { SyntaxKind: Kind } = ts;
const COMPARISONS = new Set(['===', '!==', '<', '>', '<=', '>=']);
const EMPTY = 0x40;

/**
 * @param files { name, text }[]
 * @param imports { name, parameters, result }[]: functions of the host
 */
export function compile(files, imports = []) {
  const unit = { constants: new Map(), functions: new Map() };
  const bodies = [];
  for (const { name, text } of files) {
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
    for (const node of source.statements) {
      if (ts.isVariableStatement(node)) {
        for (const { name: key, type, initializer } of node.declarationList.declarations)
          unit.constants.set(key.text, { type: type ? typeName(type) : 'i32', node: initializer });
      } else if (ts.isFunctionDeclaration(node)) {
        const inline = ts.getJSDocTags(node).some((tag) => tag.tagName.text === 'inline');
        const parameters = node.parameters.map((parameter) => typeName(parameter.type));
        const entry = { node, inline, parameters, result: typeName(node.type), name: node.name.text };
        unit.functions.set(node.name.text, entry);
        if (!inline) bodies.push(entry);
      } else if (!ts.isImportDeclaration(node))
        fail(node, 'only constants, functions and imports stand at the top level');
    }
  }
  for (const [index, entry] of [...imports, ...bodies].entries()) {
    entry.index = index;
    unit.functions.set(entry.name, entry);
  }
  const functions = bodies.map((entry) => ({ ...entry, ...new FunctionCompiler(unit, entry).compile() }));
  const isExported = ({ node }) => node.modifiers?.some(({ kind }) => kind === Kind.ExportKeyword) ?? false;
  const called = new Set(functions.flatMap(({ calls }) => [...calls]));
  return writeModule(
    imports,
    functions.map((entry) => ({ ...entry, exported: isExported(entry) && !called.has(entry.name) })),
  );
}

function typeName(node) {
  const name = node?.getText() ?? 'none';
  if (name !== 'void' && !(name in TYPE)) fail(node, `type ${name} is none of i32, i64, f64, v128, void`);
  return name;
}

function fail(node, message) {
  const file = node?.getSourceFile();
  const line = file ? file.getLineAndCharacterOfPosition(node.getStart()).line + 1 : 0;
  throw new Error(`${file?.fileName}:${line}: ${message}: ${node?.getText().slice(0, 80)}`);
}

class FunctionCompiler {
  constructor(unit, entry) {
    Object.assign(this, { unit, entry, locals: [], scopes: [new Map()], depth: 0, calls: new Set() });
    this.exits = [];
    this.returns = [];
  }

  compile() {
    const { node, parameters } = this.entry;
    node.parameters.forEach((parameter, index) => {
      this.scopes[0].set(parameter.name.text, { index, type: parameters[index] });
    });
    const code = this.block(node.body);
    // A function whose last statement returns needs no value behind it.
    const end = this.entry.result === 'void' ? [] : [0x00];
    return { locals: this.locals, code: [...code, ...end], calls: this.calls };
  }

  newLocal(type) {
    return this.entry.parameters.length + this.locals.push(type) - 1;
  }

  look(node) {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const found = this.scopes[i].get(node.text);
      if (found) return found;
    }
    return undefined;
  }

  /** Code with a new scope of names. */
  scoped(make) {
    this.scopes.push(new Map());
    const code = make();
    this.scopes.pop();
    return code;
  }

  /** Code one label deeper. */
  deeper(make) {
    this.depth++;
    const code = make();
    this.depth--;
    return code;
  }

  block(node) {
    return this.scoped(() => node.statements.flatMap((statement) => this.statement(statement)));
  }

  statement(node) {
    if (ts.isBlock(node)) return this.block(node);
    if (ts.isVariableStatement(node)) return this.declare(node.declarationList);
    if (ts.isExpressionStatement(node)) return this.effect(node.expression);
    if (ts.isIfStatement(node)) return this.branch(node);
    if (ts.isReturnStatement(node)) return this.leave(node);
    if (ts.isWhileStatement(node)) return this.loop(node.expression, null, node.statement);
    if (ts.isDoStatement(node)) return this.loop(null, null, node.statement, node.expression);
    if (ts.isForStatement(node))
      return this.scoped(() => [
        ...(node.initializer ? this.declare(node.initializer) : []),
        ...this.loop(node.condition ?? null, node.incrementor ?? null, node.statement),
      ]);
    if (ts.isBreakStatement(node) || ts.isContinueStatement(node)) {
      const target = this.exits.at(-1)[ts.isBreakStatement(node) ? 'end' : 'next'];
      return [0x0c, ...unsigned(this.depth - target)];
    }
    return fail(node, 'this statement is not in the subset');
  }

  declare(list) {
    return list.declarations.flatMap(({ name, type, initializer }) => {
      const value = initializer ? this.value(initializer, type ? typeName(type) : undefined) : null;
      const local = { type: type ? typeName(type) : value.type };
      local.index = this.newLocal(local.type);
      this.scopes.at(-1).set(name.text, local);
      return value ? [...value.code, 0x21, ...unsigned(local.index)] : [];
    });
  }

  branch({ expression, thenStatement, elseStatement }) {
    const condition = this.condition(expression);
    const yes = this.deeper(() => this.statement(thenStatement));
    const no = elseStatement ? [0x05, ...this.deeper(() => this.statement(elseStatement))] : [];
    return [...condition, 0x04, EMPTY, ...yes, ...no, 0x0b];
  }

  leave({ expression }) {
    const target = this.returns.at(-1);
    const code = expression ? this.value(expression, target?.result ?? this.entry.result).code : [];
    return target ? [...code, 0x0c, ...unsigned(this.depth - target.depth)] : [...code, 0x0f];
  }

  /** Labels from outside in: the end, the loop, the next round. */
  loop(before, step, body, after = null) {
    const outer = this.depth;
    this.depth += 3;
    this.exits.push({ end: outer + 1, next: outer + 3 });
    const stop = before ? [...this.condition(before), 0x45, 0x0d, 2] : [];
    const inside = this.statement(body);
    this.exits.pop();
    this.depth--;
    const stepped = step ? this.effect(step) : [];
    const again = after ? [...this.condition(after), 0x0d, 0] : [0x0c, 0];
    this.depth = outer;
    return [0x02, EMPTY, 0x03, EMPTY, 0x02, EMPTY, ...stop, ...inside, 0x0b, ...stepped, ...again, 0x0b, 0x0b];
  }

  condition(node) {
    const { type, code } = this.value(node, 'i32');
    return type === 'i32' ? code : fail(node, 'a condition is an i32');
  }

  /** An expression whose value nobody wants. */
  effect(node) {
    if (ts.isPostfixUnaryExpression(node) || (ts.isPrefixUnaryExpression(node) && isStep(node.operator))) {
      const local = this.look(node.operand);
      const one = local.type === 'i32' ? [0x41, 1] : [0x42, 1];
      const code = BINARY[local.type][node.operator === Kind.PlusPlusToken ? '+' : '-'];
      return [0x20, ...unsigned(local.index), ...one, code, 0x21, ...unsigned(local.index)];
    }
    if (ts.isBinaryExpression(node) && node.operatorToken.getText().endsWith('=') && !isComparison(node))
      return this.assign(node);
    if (ts.isCallExpression(node)) {
      const { type, code } = this.call(node);
      return type === 'void' ? code : [...code, 0x1a];
    }
    return fail(node, 'this expression has no effect');
  }

  assign({ left, operatorToken, right }) {
    const local = ts.isIdentifier(left) ? this.look(left) : undefined;
    if (!local) fail(left, 'only locals can be assigned');
    const operator = operatorToken.getText().slice(0, -1);
    const { type, code } = this.value(right, local.type);
    if (type !== local.type) fail(right, `${type} for a local of type ${local.type}`);
    const place = unsigned(local.index);
    if (operator === '') return [...code, 0x21, ...place];
    return [0x20, ...place, ...code, BINARY[local.type][operator], 0x21, ...place];
  }

  value(node, wanted) {
    if (ts.isParenthesizedExpression(node)) return this.value(node.expression, wanted);
    if (ts.isNumericLiteral(node)) return literal(node, wanted);
    if (ts.isBigIntLiteral(node)) return long(node, 1n);
    if (ts.isIdentifier(node)) return this.name(node, wanted);
    if (ts.isCallExpression(node)) return this.call(node);
    if (ts.isPrefixUnaryExpression(node)) return this.prefix(node, wanted);
    if (ts.isConditionalExpression(node)) return this.choice(node, wanted);
    if (ts.isBinaryExpression(node)) return this.binary(node, wanted);
    return fail(node, 'this expression is not in the subset');
  }

  name(node, wanted) {
    const local = this.look(node);
    if (local) return { type: local.type, code: [0x20, ...unsigned(local.index)] };
    const constant = this.unit.constants.get(node.text);
    if (constant) return this.value(constant.node, constant.type);
    return fail(node, `unknown name, wanted as ${wanted}`);
  }

  prefix(node, wanted) {
    const { operator, operand } = node;
    if (operator === Kind.MinusToken && ts.isNumericLiteral(operand)) return literal(operand, wanted, -1);
    if (operator === Kind.MinusToken && ts.isBigIntLiteral(operand)) return long(operand, -1n);
    const { type, code } = this.value(operand, wanted);
    if (operator === Kind.ExclamationToken) return { type: 'i32', code: [...code, 0x45] };
    if (operator === Kind.TildeToken && type === 'i32') return { type, code: [...code, 0x41, 0x7f, 0x73] };
    if (operator === Kind.MinusToken && type === 'f64') return { type, code: [...code, 0x9a] };
    if (operator === Kind.MinusToken && type === 'i32') return { type, code: [0x41, 0, ...code, 0x6b] };
    return fail(node, 'this operator is not in the subset');
  }

  choice({ condition, whenTrue, whenFalse }, wanted) {
    const test = this.condition(condition);
    const yes = this.deeper(() => this.value(whenTrue, wanted));
    const no = this.deeper(() => this.value(whenFalse, yes.type));
    return { type: yes.type, code: [...test, 0x04, TYPE[yes.type], ...yes.code, 0x05, ...no.code, 0x0b] };
  }

  binary(node, wanted) {
    const operator = node.operatorToken.getText();
    const { left, right } = node;
    if (operator === '&&' || operator === '||') {
      const first = this.condition(left);
      const second = this.deeper(() => this.condition(right));
      const rest = operator === '&&' ? [...second, 0x05, 0x41, 0] : [0x41, 1, 0x05, ...second];
      return { type: 'i32', code: [...first, 0x04, TYPE.i32, ...rest, 0x0b] };
    }
    // A bare number has the type of the other side.
    const expected = isComparison(node) ? undefined : wanted;
    const b = isNumber(left) ? this.value(right, expected) : null;
    const a = this.value(left, b?.type ?? expected);
    const c = b ?? this.value(right, a.type);
    const code = BINARY[a.type]?.[operator];
    if (a.type !== c.type || code === undefined) fail(node, `${a.type} ${operator} ${c.type}`);
    return { type: isComparison(node) ? 'i32' : a.type, code: [...a.code, ...c.code, code] };
  }

  call(node) {
    const name = node.expression.getText();
    if (name in MEMORY) return this.memory(node, MEMORY[name]);
    const target = INSTRUCTIONS[name] ?? this.unit.functions.get(name);
    if (!target) fail(node, 'unknown function');
    if (target.parameters.length !== node.arguments.length)
      fail(node, `${target.parameters.length} arguments are needed`);
    const values = node.arguments.map((argument, i) => this.typed(argument, target.parameters[i]));
    if (name in INSTRUCTIONS) return { type: target.result, code: [...values.flat(), ...target.code] };
    if (target.inline) return this.inlined(target, values);
    this.calls.add(name);
    return { type: target.result, code: [...values.flat(), 0x10, ...unsigned(target.index)] };
  }

  typed(node, type) {
    const value = this.value(node, type);
    return value.type === type ? value.code : fail(node, `${value.type} where ${type} is needed`);
  }

  memory(node, { parameters, result, code }) {
    const values = parameters.map((type, i) => this.typed(node.arguments[i], type));
    const offset = node.arguments[parameters.length];
    return { type: result, code: [...values.flat(), ...code, 0, ...unsigned(offset ? Number(offset.getText()) : 0)] };
  }

  inlined({ node, parameters, result }, values) {
    const { scopes, exits } = this;
    const scope = new Map();
    const stores = parameters.map((type, i) => {
      const index = this.newLocal(type);
      scope.set(node.parameters[i].name.text, { index, type });
      return [...values[i], 0x21, ...unsigned(index)];
    });
    this.scopes = [scope];
    this.exits = [];
    const body = this.deeper(() => {
      this.returns.push({ depth: this.depth, result });
      const code = this.block(node.body);
      this.returns.pop();
      return code;
    });
    Object.assign(this, { scopes, exits });
    const [type, end] = result === 'void' ? [EMPTY, []] : [TYPE[result], [0x00]];
    return { type: result, code: [...stores.flat(), 0x02, type, ...body, ...end, 0x0b] };
  }
}

const isStep = (operator) => operator === Kind.PlusPlusToken || operator === Kind.MinusMinusToken;
const isComparison = (node) => COMPARISONS.has(node.operatorToken.getText());
const isNumber = (node) =>
  ts.isNumericLiteral(node) || (ts.isPrefixUnaryExpression(node) && ts.isNumericLiteral(node.operand));

function literal(node, wanted, sign = 1) {
  const value = sign * Number(node.text);
  if (wanted === 'f64') return { type: 'f64', code: [0x44, ...new Uint8Array(Float64Array.of(value).buffer)] };
  if (!Number.isInteger(value)) fail(node, 'not an integer');
  return { type: 'i32', code: [0x41, ...signed(value | 0)] };
}

const long = (node, sign) => ({
  type: 'i64',
  code: [0x42, ...signed(BigInt.asIntN(64, sign * BigInt(node.text.slice(0, -1))))],
});
