'use strict';

// What the editor is told, in the events that Node-RED has for it.

const assert = require('node:assert/strict');
const EventEmitter = require('node:events');
const { test } = require('node:test');

const { createNotices } = require('../../lib/admin/notices');
const { markup } = require('../../lib/admin/notices/markup');
const { createStandingNotices } = require('../../lib/admin/notices/standing');
const { createShownNotices } = require('./support/shown-notices');

const WELL = { wasInCharge: false, leftOut: [] };

function create() {
  const events = new EventEmitter();
  const emitted = [];
  events.on('runtime-event', (event) => emitted.push(event));
  const notices = createNotices({ events });
  const begun = emitted.splice(0);
  return { begun, emitted, notices };
}

/** The text of a notice's paragraph, as a browser reads it. */
const shownText = (html) =>
  /^<p>(.*?)<\/p>/.exec(html)[1].replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));

test('editors that show what was true before this process take it back', () => {
  const { begun } = create();
  assert.ok(begun.length > 0);
  assert.ok(begun.every(({ payload, retain }) => retain && Object.keys(payload).length === 0));
});

test('a notice is emitted when its text changes, and once when it is over', () => {
  const { emitted, notices } = create();
  notices.end('away');
  assert.deepEqual(emitted, []);
  notices.show('away', 'one');
  notices.show('away', 'one');
  notices.show('other', 'beside it');
  notices.show('away', 'two');
  notices.end('away');
  notices.end('away');
  const told = emitted.map(({ id, payload }) => [id, payload.text ? shownText(payload.text) : null]);
  assert.deepEqual(told, [
    ['valkey-storage-away', 'one'],
    ['valkey-storage-other', 'beside it'],
    ['valkey-storage-away', 'two'],
    ['valkey-storage-away', null]
  ]);
  assert.ok(
    emitted.every(({ retain }) => retain),
    'for editors that are opened later'
  );
  assert.equal(emitted[0].payload.type, 'warning');
});

test('what is closed shows nothing any more', () => {
  const { emitted, notices } = create();
  notices.show('packages', 'some');
  notices.close();
  assert.deepEqual(emitted.at(-1), { id: 'valkey-storage-packages', payload: {}, retain: true });
});

test('a text is neither HTML nor a key of a translation nor endless, and it stays what it is', () => {
  const text = 'a.b:c __x__ $t(y) <img src=x onerror="f()"> & \'é\' 😀';
  const html = markup(text);
  const [, inside] = /^<p>(.*?)<\/p>/.exec(html);
  assert.doesNotMatch(inside.replace(/&#\d+;/g, ''), /[^A-Za-z0-9 ]/);
  assert.doesNotMatch(html, /__|[.:$]/);
  assert.equal(shownText(html), text);
  assert.equal(shownText(markup('a\nb\u0000c')), 'a b c');
  assert.ok(shownText(markup('x'.repeat(1e6))).length < 2000);
});

test('what the core knows is shown, and taken back when it is over', () => {
  const { notices, shown } = createShownNotices();
  let standing = null;
  const { tell } = createStandingNotices({ core: { standing: () => standing }, notices });
  /** @param {object | null} now */
  const told = (now) => {
    standing = now && { ...WELL, ...now };
    tell();
    return Object.fromEntries(shown);
  };
  assert.deepEqual(told(null), {});
  assert.deepEqual(told({}), {});
  assert.match(
    told({ away: 'connection refused' }).away,
    /^Saved here, but not on the workers yet: connection refused\./
  );
  const other = 'ab12, host box, process 7';
  assert.deepEqual(Object.keys(told({ other })), ['other']);
  assert.match(shown.get('other'), /^This admin is not in charge: another one is \(ab12, host box, process 7\)/);
  assert.match(told({ other, wasInCharge: true }).other, /^This admin is not in charge any more: another/);
  assert.match(told({ replaced: 'nodered:backup:1' }).replaced, /kept in Valkey under 'nodered:backup:1'\.$/);
  assert.deepEqual(told({}), {});
});

test('packages that do not reach workers are named with the reason, not all of very many', () => {
  const { notices, shown } = createShownNotices();
  let leftOut = [{ name: 'a', reason: 'is a local folder or file' }];
  const { tell } = createStandingNotices({ core: { standing: () => ({ ...WELL, leftOut }) }, notices });
  tell();
  assert.match(shown.get('packages'), /^Packages that do not reach workers: a \(is a local folder or file\)\. /);
  leftOut = Array.from({ length: 12 }, (_, number) => ({ name: `p${number}`, reason: 'is a git repository' }));
  tell();
  assert.match(shown.get('packages'), /p9 \(is a git repository\) and 2 more\./);
  leftOut = [];
  tell();
  assert.deepEqual([...shown], []);
});
