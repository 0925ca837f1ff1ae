'use strict';

// A node type that tells which of its nodes run, how often each was started and with what:
// GET /tracked gives `{ <id>: { starts, value, token } }`. GET /tracked/register/<type> registers
// the same type under another name, as a package does that was just installed. With `closesIn` a node takes so many ms
// to close.
module.exports = (RED) => {
  const nodes = {};
  const starts = {};

  function Tracked(config) {
    RED.nodes.createNode(this, config);
    const { id } = this;
    starts[id] = (starts[id] || 0) + 1;
    nodes[id] = { starts: starts[id], value: config.value, token: this.credentials?.token };
    this.on('close', (done) => {
      delete nodes[id];
      if (config.closesIn) {
        setTimeout(done, config.closesIn);
      } else {
        done();
      }
    });
  }

  const register = (type) => {
    // A constructor of its own: Node-RED makes each a subclass of its Node.
    function Type(config) {
      Tracked.call(this, config);
    }
    RED.nodes.registerType(type, Type, { credentials: { token: { type: 'password' } } });
  };
  register('tracked');

  RED.httpNode.get('/tracked', (request, response) => {
    response.json(nodes);
  });
  RED.httpNode.get('/tracked/register/:type', (request, response) => {
    register(request.params.type);
    response.json({});
  });
};
