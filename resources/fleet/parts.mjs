// The parts of the tab, each in a file of its own, from top to bottom. A part is an object with any of:
//
//   section(api)            once, when the tab is made: { title, content, show?, hide? }, a section of the tab that can be
//                           folded. `content` is a jQuery element; `show` is called when it comes into sight, `hide` when it
//                           is out of it: nothing is asked of the server meanwhile.
//   start(api)              once, when the editor is loaded: for what is there without the tab.
//   details(instance, api)  each time that an instance's row is opened: a jQuery element with what can be done with that
//                           instance, or undefined. It stays as long as the row is open.
//
// `api` is made in api.mjs.

/** @type {Array<{ section?: Function, start?: Function, details?: Function }>} */
export const PARTS = [];
