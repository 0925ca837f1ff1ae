'use strict';

// Node types that tell the test what Node-RED does with them: each start and
// each close is recorded, with the configuration and credentials it had.
module.exports = function probe(RED) {
  const records = globalThis.reloadProbe;

  function start(node, config) {
    RED.nodes.createNode(node, config);
    node.value = config.value;
    records.push({
      event: 'start',
      id: node._alias || node.id,
      path: node.id,
      value: config.value,
      secret: node.credentials && node.credentials.secret
    });
    node.on('close', (removed, done) => {
      records.push({
        event: 'close',
        id: node._alias || node.id,
        path: node.id,
        value: config.value,
        removed: Boolean(removed)
      });
      // A test may keep a node from being closed for a while.
      Promise.resolve(globalThis.reloadClosing).then(() => done());
    });
  }

  function ProbeNode(config) {
    start(this, config);
    this.server = config.server && RED.nodes.getNode(config.server);
    this.on('input', (msg, send, done) => {
      const flow = this.context().flow;
      flow.set('count', (flow.get('count') || 0) + 1);
      records.push({ event: 'input', id: this.id, count: flow.get('count'), value: config.value });
      send(msg);
      done();
    });
    // What a node does that gets a fresh token: it stores it under its own id.
    this.renew = (secret) => RED.nodes.addCredentials(this.id, { secret });
  }
  RED.nodes.registerType('probe', ProbeNode, { credentials: { secret: { type: 'password' } } });

  function PlainNode(config) {
    start(this, config);
    this.on('input', (msg, send, done) => {
      records.push({ event: 'input', id: this.id, value: config.value });
      send(msg);
      done();
    });
  }
  RED.nodes.registerType('probe-plain', PlainNode);

  function ServerNode(config) {
    start(this, config);
  }
  RED.nodes.registerType('probe-server', ServerNode, { credentials: { secret: { type: 'password' } } });

  // Registers a type while Node-RED runs, as a package does that was just installed.
  globalThis.reloadRegister = (type) => {
    function LateNode(config) {
      start(this, config);
    }
    RED.nodes.registerType(type, LateNode, { credentials: { secret: { type: 'password' } } });
  };
};
