'use strict';

module.exports = (RED) => {
  /** Adds what its credentials hold to the message: `<payload>:<token>`. */
  function SecretAnswer(config) {
    RED.nodes.createNode(this, config);
    this.on('input', (msg, send, done) => {
      const { token = 'none' } = this.credentials || {};
      send({ ...msg, payload: `${msg.payload}:${token}` });
      done();
    });
  }
  RED.nodes.registerType('secret-answer', SecretAnswer, { credentials: { token: { type: 'password' } } });
};
