// What every part of the tab is given.

const ROOT = 'node-red-storage-valkey/';

/** An answer that is no success, with what it said where that was JSON; or none: `status` is 0 then. */
class RequestError extends Error {
  constructor({ status, statusText, responseJSON }) {
    super(responseJSON?.message ?? `${status} ${statusText}`);
    this.status = status;
    this.answer = responseJSON;
  }
}

/** jQuery sends the token of who is logged in; `fetch` does not. */
function request(options) {
  return new Promise((resolve, reject) => {
    $.ajax({ dataType: 'json', timeout: 15000, ...options }).then(
      (answer) => resolve(answer),
      (xhr) => reject(new RequestError(xhr))
    );
  });
}

/**
 * - `_(key, values)`: the text of the catalogue (plugin/locales)
 * - `get(path)`, `post(path, body)`, `remove(path)`: JSON of the routes below `node-red-storage-valkey/`; a rejection has a
 *   `status`, 0 when there was no answer, and the `answer`
 * - `known()`: what is known of the instances, see feed.mjs; there once the tab is
 */
export function createApi(_) {
  return {
    _,
    get: (path) => request({ url: ROOT + path, cache: false }),
    post: (path, body) =>
      request({ url: ROOT + path, method: 'POST', contentType: 'application/json', data: JSON.stringify(body) }),
    remove: (path) => request({ url: ROOT + path, method: 'DELETE' })
  };
}
