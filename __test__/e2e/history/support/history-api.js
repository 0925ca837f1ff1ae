'use strict';

// What an admin's API answers about the history.

const PATH = '/node-red-storage-valkey/history';

const entriesOf = async (admin, options) => (await admin.admin(PATH, options)).json();
const differenceOf = async (admin, to, from, options) =>
  (await admin.admin(`${PATH}/${to}/difference${from === undefined ? '' : `?from=${from}`}`, options)).json();
const rollBack = async (admin, sequence, { token, ...body } = {}) =>
  (await admin.admin(`${PATH}/${sequence}/rollback`, { method: 'POST', token, body })).json();
const say = (admin, sequence, message, options) =>
  admin.admin(`${PATH}/${sequence}/message`, { method: 'PUT', body: { message }, ...options });

/** The status and the code of what is refused. */
async function refusal(request) {
  try {
    await request;
  } catch (error) {
    return [error.status, error.body.startsWith('{') ? JSON.parse(error.body).code : error.body];
  }
  return null;
}

module.exports = { differenceOf, entriesOf, refusal, rollBack, say };
