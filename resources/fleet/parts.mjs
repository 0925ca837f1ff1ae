// The parts of what this package adds to the editor, each in a file or folder of its own; sections from top to bottom. A
// part is an object with any of:
//
//   section(api, parts)     once, when the tab is made: { title, content, isFolded?, show?, hide?, draw? }, a section of the
//                           tab that can be folded. `content` is a jQuery element; `show` is called when the tab comes into
//                           sight, `hide` when it is out of it: nothing is asked of the server meanwhile. Between the two
//                           `draw(known)` is called once a second, with what feed.mjs knows of the instances.
//   start(api)              once, when the editor is loaded: for what is there without the tab.
//   details(instance, api)  each time that an instance's row is opened: a jQuery element with what can be done with that
//                           instance, or undefined. It stays as long as the row is open.
//
// `api` is made in api.mjs. Every text is from the catalogue, and every value comes into the page by `.text()`.

import { deployPart } from './deploy/index.mjs';
import { historyPart } from './history/index.mjs';
import { instancesPart } from './instances/index.mjs';
import { placementPart } from './placement/index.mjs';
import { streamsPart } from './streams/index.mjs';

export const PARTS = [deployPart, instancesPart, placementPart, streamsPart, historyPart];
