// What every part of the tab is given.

const ROOT = 'node-red-storage-valkey/';

/** An answer that is no success, or none: `status` is 0 then. */
class RequestError extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/** jQuery sends the token of who is logged in; `fetch` does not. */
function request(options) {
  return new Promise((resolve, reject) => {
    $.ajax({ dataType: 'json', timeout: 15000, ...options }).then(
      (answer) => resolve(answer),
      (xhr) => reject(new RequestError(xhr.status, xhr.responseJSON?.message ?? `${xhr.status} ${xhr.statusText}`))
    );
  });
}

/**
 * - `_(key, values)`: the text of the catalogue (plugin/locales)
 * - `get(path)`, `post(path, body)`, `remove(path)`: JSON of the routes below `node-red-storage-valkey/`; a rejection has a
 *   `status`, 0 when there was no answer
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
