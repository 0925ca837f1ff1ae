// The table of instances. Of many rows only those have elements that can be seen.

import { edgesOf, rowsBetween } from './layout.mjs';
import { Row } from './row.mjs';
import { element } from '../text.mjs';

/** px from which on there is room for columns. */
const WIDE = 430;
/** px: as in fleet.css. */
const ROW = { wide: 30, narrow: 46 };
const COLUMNS = ['main', 'revision', 'state', 'uptime', 'memory'];

/** The element that scrolls what this one is in. */
function scrollerOf(inner) {
  return $(inner).closest('.red-ui-fleet-sections')[0];
}

export function createTable(api, parts) {
  const { _ } = api;
  const table = element('div', 'red-ui-fleet-table');
  table.setAttribute('role', 'table');
  table.setAttribute('aria-label', _('instances.name'));
  const head = table.appendChild(element('div', 'red-ui-fleet-head'));
  head.setAttribute('role', 'row');
  head.setAttribute('aria-rowindex', '1');
  for (const name of COLUMNS) {
    const cell = head.appendChild(element('div', `red-ui-fleet-cell-${name}`, _(`column.${name}`)));
    cell.setAttribute('role', 'columnheader');
  }
  const body = table.appendChild(element('div', 'red-ui-fleet-body'));
  body.setAttribute('role', 'presentation');

  /** @type {Map<string, Row>} those that have elements, and those that are open */
  const rows = new Map();
  let instances = [];
  let isWide = false;
  let frame = 0;

  const heightOf = ({ id }) => {
    const line = isWide ? ROW.wide : ROW.narrow;
    const row = rows.get(id);
    return row?.isOpen ? line + row.height : line;
  };

  const measure = new ResizeObserver((entries) => {
    for (const { target, borderBoxSize } of entries) {
      const row = rows.get(target.dataset.id);
      const [{ blockSize }] = borderBoxSize;
      // One that has no place at the moment keeps its height.
      if (row?.isOpen && target.isConnected && blockSize > 0) {
        row.height = blockSize;
      }
    }
    later();
  });

  function onToggle(row) {
    if (row.isOpen) {
      row.height = row.panel.offsetHeight;
      measure.observe(row.panel);
    } else {
      measure.unobserve(row.panel);
    }
    place();
  }

  function rowOf(instance) {
    let row = rows.get(instance.id);
    if (!row) {
      row = new Row({ api, parts, onToggle });
      row.panel.dataset.id = instance.id;
      rows.set(instance.id, row);
    }
    return row;
  }

  /** Gives elements to the rows that can be seen, and takes them from the others. */
  function place() {
    frame = 0;
    const scroller = scrollerOf(body);
    if (!scroller || body.offsetParent === null) {
      return;
    }
    const edges = edgesOf(instances.map(heightOf));
    body.style.height = `${edges.at(-1)}px`;
    const top = scroller.getBoundingClientRect().top - body.getBoundingClientRect().top;
    const { first, end } = rowsBetween(edges, top, top + scroller.clientHeight);
    const focused = document.activeElement;
    const focusedAt = instances.findIndex(({ id }) => rows.get(id)?.element.contains(focused));
    const wanted = [];
    instances.forEach((instance, at) => {
      // The keyboard comes from the one that has the focus to the next and to the one before.
      const isNear = focusedAt >= 0 && Math.abs(at - focusedAt) <= 1;
      if ((at >= first && at < end) || isNear) {
        const row = rowOf(instance);
        row.draw(instance, at + 2);
        row.element.style.transform = `translateY(${edges[at]}px)`;
        wanted.push(row);
      }
    });
    const kept = new Set(wanted);
    const known = new Set(instances.map(({ id }) => id));
    for (const [id, row] of rows) {
      if (!kept.has(row)) {
        row.element.remove();
        if (!row.isOpen || !known.has(id)) {
          measure.unobserve(row.panel);
          rows.delete(id);
        }
      }
    }
    wanted.forEach((row, at) => {
      if (body.children[at] !== row.element) {
        body.insertBefore(row.element, body.children[at] ?? null);
      }
    });
    // An element that is moved loses it.
    if (focused !== document.activeElement && body.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
  }

  function later() {
    frame ||= requestAnimationFrame(place);
  }

  new ResizeObserver(() => {
    isWide = table.clientWidth >= WIDE;
    table.classList.toggle('red-ui-fleet-wide', isWide);
    later();
  }).observe(table);

  return {
    element: table,
    /** To be called once it is in its place. */
    listen() {
      const scroller = scrollerOf(body);
      scroller.addEventListener('scroll', later, { passive: true });
      new ResizeObserver(later).observe(scroller);
    },
    draw(shown) {
      instances = shown;
      table.setAttribute('aria-rowcount', String(shown.length + 1));
      place();
    }
  };
}
