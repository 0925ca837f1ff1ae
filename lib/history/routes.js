'use strict';

/**
 * @import { EditorHandler, EditorParams, EditorRequest, EditorResponse, PluginApi } from '../types/editor'
 * @import { AskedHistory } from '../types/history'
 */

const PATH = '/node-red-storage-valkey/history';
const SEQUENCE = /^[1-9]\d{0,14}$/;

/**
 * Answers of the editor's API about the history; see docs/history.md.
 *
 * @param {PluginApi} RED
 * @param {EditorParams} params
 */
function addHistoryRoutes(RED, { instance }) {
  const { httpAdmin, auth } = RED;

  /**
   * @param {(history: AskedHistory, request: EditorRequest, response: EditorResponse) => Promise<void>} answer
   * @returns {EditorHandler}
   */
  const handler = (answer) => async (request, response) => {
    const history = instance()?.history;
    if (!history) {
      refuse(response, 404, 'history_off', "no history is kept: option 'history'");
      return;
    }
    try {
      await answer(history, request, response);
    } catch (error) {
      refuse(response, statusOf(error), error.code || 'unexpected_error', error.message || String(error.code));
    }
  };

  httpAdmin.get(
    PATH,
    auth.needsPermission('flows.read'),
    handler(async (history, _request, response) => sendJson(response, await history.entries()))
  );
  httpAdmin.get(
    `${PATH}/:sequence/difference`,
    auth.needsPermission('flows.read'),
    handler(async (history, { params, query }, response) => {
      const from = query.from === undefined ? undefined : sequenceOf(query.from);
      sendJson(response, await history.difference(from, sequenceOf(params.sequence)));
    })
  );
  httpAdmin.post(
    `${PATH}/:sequence/rollback`,
    auth.needsPermission('flows.write'),
    handler(async (history, request, response) => {
      const { message, rev, acceptMissing } = bodyOf(request);
      const outcome = await history.rollback(sequenceOf(request.params.sequence), {
        user: request.user,
        request,
        message: typeof message === 'string' ? message : undefined,
        rev: typeof rev === 'string' ? rev : undefined,
        acceptMissing: acceptMissing === true
      });
      if (!outcome.done) {
        response.status(409).json({
          code: 'missing_types',
          message: `types that are not installed: ${outcome.missing.join(', ')}`,
          missing: outcome.missing
        });
        return;
      }
      const { rev: deployed, missing, credentials, away } = outcome;
      response.json({ rev: deployed, missing, credentials, away });
    })
  );
  httpAdmin.put(
    `${PATH}/:sequence/message`,
    auth.needsPermission('flows.write'),
    handler(async (history, request, response) => {
      const { message } = bodyOf(request);
      const sequence = sequenceOf(request.params.sequence);
      if (await history.annotate(sequence, typeof message === 'string' ? message : '')) {
        response.status(204).end();
      } else {
        refuse(response, 404, 'ERR_VALKEY_HISTORY', `entry ${sequence} of the history is not there`);
      }
    })
  );
}

/** @param {unknown} text of no entry: 0, which none has */
const sequenceOf = (text) => (SEQUENCE.test(String(text)) ? Number(text) : 0);

/** @param {EditorRequest} request */
const bodyOf = ({ body }) => /** @type {Record<string, unknown>} */ (body && typeof body === 'object' ? body : {});

/**
 * @param {EditorResponse} response
 * @param {string} text
 */
function sendJson(response, text) {
  response.type('application/json').send(text);
}

/**
 * @param {EditorResponse} response
 * @param {number} status
 * @param {string} code
 * @param {string} message
 */
function refuse(response, status, code, message) {
  response.status(status).json({ code, message });
}

/** @param {{ code?: string, status?: number }} error */
function statusOf({ code, status }) {
  if (code === 'ERR_VALKEY_HISTORY') {
    return 404;
  }
  return status ?? (code === 'ERR_VALKEY_FLOWS' ? 400 : 500);
}

module.exports = { addHistoryRoutes };
