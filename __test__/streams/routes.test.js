'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { addStreamRoutes } = require('../../lib/streams/routes');

function route(showing) {
  const routes = {};
  addStreamRoutes(
    {
      httpAdmin: { post: (path, permission, handler) => (routes[path] = { permission, handler }) },
      auth: { needsPermission: (name) => name }
    },
    { streams: () => showing }
  );
  const { permission, handler } = routes['/node-red-storage-valkey/fleet/watch'];
  const post = async (body) => {
    const answer = { code: 200 };
    const response = { status: (code) => ((answer.code = code), response), json: (value) => (answer.body = value) };
    await handler({ body }, response);
    return answer;
  };
  return { permission, post };
}

test('an editor says what it looks at', async () => {
  const looks = [];
  const showing = { look: async (...look) => (looks.push(look), null), watching: () => ({ w1: ['debug'] }) };
  const { permission, post } = route(showing);
  assert.equal(permission, 'flows.read');
  assert.deepEqual(await post({ viewer: 'e-1', watch: { w1: ['debug'] } }), {
    code: 200,
    body: { watching: { w1: ['debug'] }, problem: null }
  });
  assert.deepEqual(looks, [['e-1', { w1: ['debug'] }]]);
  for (const body of [
    undefined,
    null,
    'x',
    {},
    { viewer: 'e 1', watch: {} },
    { viewer: 'e', watch: { w: 'debug' } },
    { viewer: 7, watch: {} }
  ]) {
    assert.equal((await post(body)).code, 400, JSON.stringify(body));
  }
  assert.equal(looks.length, 1);
});

test('without an open storage there is nothing to look at', async () => {
  assert.equal((await route(null).post({ viewer: 'e', watch: {} })).code, 503);
});
