'use strict';

const { createRequire } = require('node:module');
const path = require('node:path');
const { NODE_RED } = require('../../../support/node-red.js');

/** As Node-RED's own editor: what Node-RED sends to those that are open. */
class OpenEditor {
  constructor(socket) {
    this.socket = socket;
    /** `{ topic, data, time }`, in the order in which they came. */
    this.heard = [];
    socket.on('message', (text) => {
      for (const message of [].concat(JSON.parse(String(text)))) {
        this.heard.push({ ...message, time: performance.now() });
      }
    });
  }

  /** What came under a topic that begins so. */
  under(topic) {
    return this.heard.filter((message) => message.topic?.startsWith(topic));
  }

  /** The messages of the debug sidebar. */
  debug() {
    return this.under('debug').map(({ data, time }) => ({ ...data, time }));
  }

  close() {
    this.socket.terminate();
  }
}

/** Opens one at an instance that has an editor and no log-in. */
async function openEditor(instance) {
  const WebSocket = createRequire(path.join(NODE_RED, 'package.json'))('ws');
  const socket = new WebSocket(`${instance.url.replace('http', 'ws')}/comms`);
  const editor = new OpenEditor(socket);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  for (const topic of ['debug', 'status/#', 'notification/#']) {
    socket.send(JSON.stringify({ subscribe: topic }));
  }
  return editor;
}

module.exports = { openEditor };
