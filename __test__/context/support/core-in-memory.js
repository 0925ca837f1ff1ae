'use strict';

/** As `setObjectProperty` of Node-RED; any step is a name to it, the empty one too. */
function setPart(root, steps, value) {
  let parent = root;
  for (const [i, step] of steps.slice(0, -1).entries()) {
    const next = Object.hasOwn(parent, step) ? parent[step] : undefined;
    if (next === undefined) {
      if (value === undefined) {
        return false;
      }
      parent[step] = typeof steps[i + 1] === 'string' ? {} : [];
    } else if (next === null || typeof next !== 'object') {
      return false;
    }
    parent = parent[step];
  }
  const last = steps.at(-1);
  if (value !== undefined) {
    parent[last] = value;
  } else if (typeof last === 'number' && Array.isArray(parent)) {
    parent.splice(last, 1);
  } else {
    delete parent[last];
  }
  return true;
}

/** What the core promises, without a server: one instance, every operation done at once. */
class CoreInMemory {
  constructor({ maxValue = 1 << 20 } = {}) {
    this.scopes = new Map();
    this.maxValue = maxValue;
    this.calls = [];
    this.background = {
      incr: async (scope, key, by) => {
        const text = JSON.stringify(JSON.parse(this.text(scope, key) ?? '0') + by);
        this.put(scope, key, text);
        return text;
      },
      compareAndSet: async (scope, key, base, text) => {
        if (this.text(scope, key) !== base) {
          return false;
        }
        this.put(scope, key, text);
        return true;
      },
      setIfAbsent: async (scope, key, text) => {
        const absent = this.text(scope, key) === null;
        if (absent) {
          this.put(scope, key, text);
        }
        return absent;
      },
      push: async (scope, key, text) => {
        const array = [...JSON.parse(this.text(scope, key) ?? '[]'), JSON.parse(text)];
        this.put(scope, key, JSON.stringify(array));
        return this.text(scope, key);
      },
      expire: async (scope, key) => this.text(scope, key) !== null
    };
  }

  put(scope, key, text) {
    if (text !== null && text.length > this.maxValue) {
      throw Object.assign(new Error('too large'), { code: 'ERR_VALKEY_CONTEXT_LIMIT' });
    }
    const values = this.scopes.get(scope) ?? new Map();
    this.scopes.set(scope, values);
    if (text === null) {
      values.delete(key);
    } else {
      values.set(key, text);
    }
  }

  text(scope, key) {
    return this.scopes.get(scope)?.get(key) ?? null;
  }

  names(scope) {
    return [...(this.scopes.get(scope)?.keys() ?? [])];
  }

  set(scope, keys, texts) {
    this.calls.push(['set', scope, keys, texts]);
    keys.forEach((key, i) => this.put(scope, key, texts[i]));
  }

  setPath(scope, key, path, text) {
    this.calls.push(['setPath', scope, key, path, text]);
    const before = this.text(scope, key);
    const holder = before === null ? {} : { value: JSON.parse(before) };
    const value = text === null ? undefined : JSON.parse(text);
    if (setPart(holder, ['value', ...JSON.parse(path)], value) && holder.value !== undefined) {
      this.put(scope, key, JSON.stringify(holder.value));
    }
  }
}

module.exports = { CoreInMemory };
