// The tab in the sidebar: the line on top, and below it a section for each part that has one.

import { createFeed } from './feed.mjs';
import { setText } from './text.mjs';
import { whileVisible } from './visible.mjs';
import { duration, summary } from './words.mjs';

const ID = 'node-red-storage-valkey-fleet';
const SHOW = 'node-red-storage-valkey:show-fleet-tab';
/** What is older than that, in ms, is shown with its age. */
const RECENT = 5000;

function createSummary(_) {
  const element = $('<div class="red-ui-fleet-summary">');
  const line = $('<div class="red-ui-fleet-summary-line" role="status">').appendTo(element);
  const old = $('<div class="red-ui-fleet-summary-age"><i class="fa fa-warning"></i></div>').appendTo(element);
  const oldText = $('<span>').appendTo(old);
  return {
    element,
    draw({ status, fleet, age, problem }) {
      setText(line[0], fleet ? summary(_, fleet) : _(status === 'loading' ? 'summary.loading' : 'summary.unknown'));
      line.toggleClass('red-ui-fleet-all', Boolean(fleet && fleet.total > 0 && fleet.inStep === fleet.total));
      const isOld = Boolean(fleet) && (age > RECENT || problem !== '' || status !== 'known');
      const why = status === 'no answer' ? problem || _('summary.noAnswer') : problem;
      const text = isOld ? _('summary.asOf', { ago: duration(_, age / 1000), problem: why }).trim() : '';
      setText(oldText[0], fleet ? text : status === 'not yet' ? problem : '');
      old.toggle(oldText.text() !== '');
    }
  };
}

/** Node-RED's own headers of sections can't be reached with the keyboard. */
function makeReachable(section) {
  const tell = () => section.header.attr('aria-expanded', String(section.isExpanded()));
  section.header.attr({ role: 'button', tabindex: 0 });
  section.header.on('keydown', (event) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      section.header.trigger('click');
    }
  });
  section.header.on('click', tell);
  tell();
}

/** Adds the tab to the sidebar. */
export function addTab(api, parts) {
  const { _ } = api;
  const content = $('<div class="red-ui-fleet">');
  const top = createSummary(_);
  const sections = $('<div class="red-ui-fleet-sections">');
  content.append(top.element, sections);
  const stack = RED.stack.create({ container: sections });

  const made = parts.map((part) => part.section?.(api, parts)).filter(Boolean);
  for (const { title, content: inner, isFolded } of made) {
    const section = stack.add({ title: '', collapsible: true, expanded: !isFolded });
    section.title.text(title);
    section.content.append(inner);
    makeReachable(section);
  }

  const feed = createFeed(api, (known) => {
    top.draw(known);
    made.forEach((section) => section.draw?.(known));
  });
  api.known = feed.known;

  RED.actions.add(SHOW, () => RED.sidebar.show(ID));
  RED.sidebar.addTab({
    id: ID,
    label: _('tab.label'),
    name: _('tab.name'),
    iconClass: 'fa fa-sitemap',
    content,
    enableOnEdit: true,
    action: SHOW
  });
  whileVisible(
    content[0],
    () => {
      made.forEach((section) => section.show?.());
      feed.start();
    },
    () => {
      feed.stop();
      made.forEach((section) => section.hide?.());
    }
  );
}
