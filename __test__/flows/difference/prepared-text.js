'use strict';

// What the core tells of the text of flows, told from the objects: see PreparedFlows.

const NO_REFERENCE = ['id', 'z', 'wires'];

const textOf = ({ credentials: _, ...node }) => JSON.stringify(node);

/** Texts, numbers, names and the like in a value, as they are written. */
function* written(value) {
  if (typeof value !== 'object' || value === null) {
    yield typeof value === 'string' ? JSON.stringify(value).slice(1, -1) : JSON.stringify(value);
    return;
  }
  for (const [name, inner] of Object.entries(value)) {
    yield JSON.stringify(name).slice(1, -1);
    yield* written(inner);
  }
}

/** @param {object[]} nodes */
function preparedText(nodes) {
  const texts = nodes.map(textOf);
  return {
    texts,
    async since(before) {
      const places = texts.map((text) => before.texts.indexOf(text));
      const runs = [{ start: 0, kept: 0, taken: 0 }];
      for (const place of places) {
        if (place < 0) {
          runs.at(-1).taken += 1;
        } else {
          runs.push({ start: place, kept: 1, taken: 0 });
        }
      }
      return runs;
    },
    async entriesWith(wanted) {
      const places = nodes.keys();
      return [...places].filter((place) =>
        Object.entries(nodes[place]).some(
          ([name, value]) => !NO_REFERENCE.includes(name) && [...written(value)].some((text) => wanted.includes(text))
        )
      );
    }
  };
}

module.exports = { preparedText };
