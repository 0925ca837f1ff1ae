'use strict';

/**
 * A flow that says as much as it is asked for: `GET /debug/:count` at a Debug node and `GET /warn/:text` in the log, at once
 * each; `GET /status/:text` as the status of the node `speaker`.
 */
function talkingFlow() {
  const input = (id, url, x) => ({
    id,
    type: 'http in',
    z: 'tab',
    url,
    method: 'get',
    x,
    y: 40,
    wires: [[`${id}-do`]]
  });
  const does = (id, func) => ({
    id: `${id}-do`,
    type: 'function',
    z: 'tab',
    name: id,
    x: 300,
    y: 40,
    outputs: 2,
    func,
    wires: [['sink'], ['out']]
  });
  return [
    { id: 'tab', type: 'tab', label: 'Talk' },
    input('debug', '/debug/:count', 100),
    does(
      'debug',
      `for (let at = 0; at < Number(msg.req.params.count); at++) { node.send([{ payload: env.get('INSTANCE') + ':' + at, topic: 't' }]); }
       return [null, msg];`
    ),
    input('warn', '/warn/:text', 100),
    does('warn', `node.warn(msg.req.params.text); node.error('E ' + msg.req.params.text); return [null, msg];`),
    input('status', '/status/:text', 100),
    does('status', `node.status({ fill: 'red', shape: 'dot', text: msg.req.params.text }); return [null, msg];`),
    {
      id: 'sink',
      type: 'debug',
      z: 'tab',
      name: 'out',
      active: true,
      tosidebar: true,
      complete: 'payload',
      x: 500,
      y: 40,
      wires: []
    },
    { id: 'out', type: 'http response', z: 'tab', x: 500, y: 80, wires: [] }
  ];
}

module.exports = { talkingFlow };
