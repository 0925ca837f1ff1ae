const ID = 'node-red-storage-valkey-fleet';
const SHOW = 'node-red-storage-valkey:show-fleet-tab';

/** Adds the tab to the sidebar, with a section for each part that has one. */
export function addTab(api, parts) {
  const { _ } = api;
  const content = $('<div class="red-ui-fleet">');
  const stack = RED.stack.create({ container: $('<div class="red-ui-fleet-sections">').appendTo(content) });
  for (const part of parts) {
    part.start?.(api);
    const made = part.section?.(api);
    if (made) {
      const section = stack.add({ title: '', collapsible: true, expanded: true });
      section.title.text(made.title);
      section.content.append(made.content);
    }
  }
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
}
