'use strict';

// The node `shared-context`: the operations of `shared` for who writes no code.

const { promisify } = require('node:util');
const { codedError } = require('../lib/errors');

/**
 * @import { NodeApi, NodeDefinition, PaletteNode } from '../lib/types/palette'
 */

/** Operations that take a number. */
const NUMERIC = new Set(['incr', 'expire']);

/** How `update` calls the present value in its expression. */
const VALUE = 'value';

/** @param {NodeApi} RED */
module.exports = (RED) => {
  const { util } = RED;
  const evaluate = promisify(util.evaluateNodeProperty);
  const evaluateExpression = promisify(util.evaluateJSONataExpression);

  /**
   * What an operation takes, with what the message brings for it.
   *
   * @param {PaletteNode} node
   * @param {NodeDefinition} definition
   * @param {object} msg
   */
  async function argumentOf(node, { operation, value, valueType }, msg) {
    if (operation === 'update') {
      return async (/** @type {unknown} */ present) => {
        // One for each: another message may be evaluated at the same time.
        const expression = util.prepareJSONataExpression(value, node);
        expression.assign(VALUE, present);
        return evaluateExpression(expression, msg);
      };
    }
    const argument = await evaluate(value, valueType, node, msg);
    const isNumberAsText = NUMERIC.has(operation) && typeof argument === 'string' && argument.trim() !== '';
    return isNumberAsText ? Number(argument) : argument;
  }

  /**
   * Where the operation is set, by the message.
   *
   * @param {PaletteNode} node
   * @param {NodeDefinition} definition
   * @param {object} msg
   */
  function targetOf(node, { target, targetType }, msg) {
    const { isSharedStore } = require('../lib/context/which-stores');
    const { store, key } = util.parseContextStore(target);
    if (!isSharedStore(RED.settings.contextStorage, store)) {
      throw codedError(
        'ERR_VALKEY_CONTEXT_OPERATION',
        `the context store '${store ?? 'default'}' is not shared: name one of 'contextStorage' that is of this module`
      );
    }
    const context = targetType === 'global' ? node.context().global : node.context().flow;
    return { context, store, key: /\[msg/.test(key) ? util.normalisePropertyExpression(key, msg, true) : key };
  }

  /**
   * @param {PaletteNode} node
   * @param {NodeDefinition} definition
   * @param {object} msg
   */
  async function run(node, definition, msg) {
    const { context, store, key } = targetOf(node, definition, msg);
    const argument = await argumentOf(node, definition, msg);
    const { shared } = require('../lib/context/shared');
    const { operation: name } = definition;
    if (!Object.hasOwn(shared, name)) {
      throw codedError('ERR_VALKEY_CONTEXT_OPERATION', `there is no operation '${name}'`);
    }
    const operation = shared[/** @type {keyof typeof shared} */ (name)](argument);
    // Not to be waited for before it is set.
    await new Promise((resolve, reject) => {
      context.set(key, operation, store, (/** @type {unknown} */ error) =>
        error ? reject(error) : resolve(undefined)
      );
    });
    return operation;
  }

  RED.nodes.registerType(
    'shared-context',
    /**
     * @this {PaletteNode}
     * @param {NodeDefinition} definition
     */
    function SharedContext(definition) {
      RED.nodes.createNode(this, definition);
      this.on('input', async (msg, send, done) => {
        try {
          const result = await run(this, definition, msg);
          if (definition.result) {
            util.setMessageProperty(msg, definition.result, result, true);
          }
        } catch (error) {
          done(error);
          return;
        }
        send(msg);
        done();
      });
    }
  );
};
