// What a node of the palette is given by Node-RED, as far as ours uses it.

type Callback = (error: unknown, value?: any) => void;

export interface NodeApi {
  nodes: {
    createNode(node: PaletteNode, definition: NodeDefinition): void;
    registerType(type: string, constructor: (this: PaletteNode, definition: NodeDefinition) => void): void;
  };
  settings: { contextStorage?: Record<string, unknown> };
  util: {
    evaluateNodeProperty(value: string, type: string, node: PaletteNode, msg: object, callback: Callback): void;
    prepareJSONataExpression(value: string, node: PaletteNode): { assign(name: string, value: unknown): void };
    evaluateJSONataExpression(expression: object, msg: object, callback: Callback): void;
    parseContextStore(key: string): { store?: string; key: string };
    normalisePropertyExpression(expression: string, msg: object, toString: true): string;
    setMessageProperty(msg: object, property: string, value: unknown, createMissing: boolean): boolean;
  };
}

export interface PaletteNode {
  on(
    event: 'input',
    listener: (msg: object, send: (msg: object) => void, done: (error?: unknown) => void) => void
  ): void;
  context(): Record<'flow' | 'global', NodeContext>;
}

interface NodeContext {
  set(key: string, value: unknown, store: string | undefined, callback: Callback): void;
}

/** A `shared-context` node as the editor has made it, or a file: nothing is sure. */
export interface NodeDefinition {
  operation: string;
  /** With the name of the store before it, where it is not the default one. */
  target: string;
  targetType: 'flow' | 'global';
  value: string;
  valueType: string;
  /** A property of the message; empty: the result is dropped. */
  result: string;
}
