'use strict';

/** @import { FileWriter, FlowNode, LocalStorage } from '../types/node-red' */

/**
 * Has Node-RED's local storage save flows, and sees the text of them that it writes: to make the same text once more
 * would keep the event loop for as long again. Where it writes in another way than it is known to, the text is made.
 *
 * @param {object} params
 * @param {Pick<LocalStorage, 'saveFlows'>} params.local
 * @param {FileWriter | null} params.writer what it writes its files with
 */
function createWrittenFlows({ local, writer }) {
  /**
   * `written` is settled when they are on the disk, or could not be; `text` is JSON, with indentation or without.
   *
   * @param {FlowNode[]} flows
   * @param {object | undefined} user
   */
  const save = (flows, user) => {
    const begin = async () => local.saveFlows(flows, user);
    /** @type {unknown[]} */
    const seen = [];
    const written = writer ? beside(writer, (content) => seen.push(content), begin) : begin();
    const [text] = seen;
    const isText = seen.length === 1 && typeof text === 'string' && text.startsWith('[');
    return { written, text: isText ? text : JSON.stringify(flows) };
  };

  return { save };
}

/**
 * Runs `begin()`, and tells `see` of what it has written until it returns: nothing else can come between.
 *
 * @template T
 * @param {FileWriter} writer
 * @param {(content: unknown) => void} see
 * @param {() => T} begin
 * @returns {T}
 */
function beside(writer, see, begin) {
  const { writeFile } = writer;
  writer.writeFile = function (...given) {
    see(given[1]);
    return writeFile.apply(this, given);
  };
  try {
    return begin();
  } finally {
    writer.writeFile = writeFile;
  }
}

module.exports = { createWrittenFlows };
