'use strict';

const http = require('node:http');

const { createBackoff } = require('../backoff');

/** @import { Log } from '../types/core' */

/** The longest that a probe may take to ask and to be answered, in ms. */
const REQUEST_TIMEOUT = 5000;
/** Probes at once; more are turned away, so that nobody can fill the memory with them. */
const MOST_CONNECTIONS = 32;
const LARGEST_HEADERS = 8192;
/** Between two attempts to listen, in ms. */
const PAUSES = { first: 1000, longest: 30_000 };

/**
 * What a request is answered; an object as JSON, a text as the content type in `headers` says.
 *
 * @typedef {{ status: number, body: object | string, headers?: Record<string, string> }} Answer
 */

/** @typedef {() => Answer | Promise<Answer>} Answering */

/** @type {Record<string, string>} */
const REASONS = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'not allowed, ports below 1024 often are not',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'there is no such host'
};

/**
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 * @param {Answer} answer
 */
function send(request, response, { status, body, headers }) {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    // Nothing that could pile up.
    Connection: 'close',
    ...headers
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

/**
 * What a request is answered, by the functions under their paths.
 *
 * @param {http.IncomingMessage} request
 * @param {Record<string, Answering>} answers
 * @returns {Answer | Promise<Answer>}
 */
function answerTo(request, answers) {
  const [path] = String(request.url).split('?', 1);
  if (!Object.hasOwn(answers, path)) {
    return { status: 404, body: { error: 'not found' } };
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, body: { error: 'only GET and HEAD' }, headers: { Allow: 'GET, HEAD' } };
  }
  return answers[path]();
}

/** @param {http.Server} server one that listens on a port */
function boundTo(server) {
  return /** @type {import('node:net').AddressInfo} */ (server.address());
}

/**
 * Answers GET and HEAD on a port of its own, beside Node-RED's HTTP server. `answers` has a function
 * a path, which gives `{ status, body }`, at once or soon. Neither the listener nor a request holds the
 * process open. A port that can't be had is an error in the log and is tried again: flows are worth
 * more than probes, and who probes notices by itself.
 *
 * @param {object} params
 * @param {number} params.port
 * @param {string | null} params.host
 * @param {Record<string, Answering>} params.answers
 * @param {Log} params.log
 */
function createListener({ port, host, answers, log }) {
  /** @type {http.Server | null} */
  let server = null;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  let isClosed = false;
  let complained = false;

  /**
   * @param {http.IncomingMessage} request
   * @param {http.ServerResponse} response
   */
  const onRequest = async (request, response) => {
    /** @type {Answer} */
    let answer;
    try {
      answer = await answerTo(request, answers);
    } catch (error) {
      answer = { status: 503, body: { error: error.message } };
    }
    send(request, response, answer);
  };

  /** @returns {Promise<http.Server>} */
  const listen = () =>
    new Promise((resolve, reject) => {
      const opening = http.createServer(
        {
          maxHeaderSize: LARGEST_HEADERS,
          headersTimeout: REQUEST_TIMEOUT,
          requestTimeout: REQUEST_TIMEOUT,
          connectionsCheckingInterval: 1000
        },
        (request, response) => void onRequest(request, response)
      );
      opening.maxConnections = MOST_CONNECTIONS;
      opening.on('connection', (socket) => socket.unref());
      opening.once('error', reject);
      opening.listen({ port, host: host || undefined }, () => {
        opening.removeListener('error', reject);
        opening.on('error', (error) => log.debug(`probes: ${error.message}`));
        resolve(opening);
      });
      opening.unref();
    });

  /** @param {NodeJS.ErrnoException} error */
  const complain = (error) => {
    if (!complained) {
      complained = true;
      const { code = '', message } = error;
      const reason = REASONS[code] ? `${code}: ${REASONS[code]}` : message;
      const where = host ? `${host}, port ${port}` : `port ${port}`;
      log.error(
        `option 'health': can't listen on ${where} (${reason}): probes are not answered, flows run all the same; trying again`
      );
    }
  };

  const pauses = createBackoff(PAUSES);

  /** @returns {Promise<void>} */
  const attempt = async () => {
    try {
      const opened = await listen();
      if (isClosed) {
        opened.close();
        return;
      }
      server = opened;
      const { address, port: bound } = boundTo(opened);
      const shown = address.includes(':') ? `[${address}]` : address;
      log.info(
        `probes are answered at ${Object.keys(answers)
          .map((path) => `http://${shown}:${bound}${path}`)
          .join(' and ')}`
      );
    } catch (error) {
      complain(error);
      if (!isClosed) {
        timer = setTimeout(() => void attempt(), pauses.nextWait());
        timer.unref();
      }
    }
  };

  return {
    /** Resolves after the first attempt, whatever came of it. */
    open: attempt,

    /** The port that is listened on; null when none is. */
    port: () => (server ? boundTo(server).port : null),

    async close() {
      isClosed = true;
      clearTimeout(timer);
      if (server) {
        const closing = server;
        server = null;
        const closed = new Promise((resolve) => closing.close(resolve));
        closing.closeAllConnections();
        await closed;
      }
    }
  };
}

module.exports = { createListener };
