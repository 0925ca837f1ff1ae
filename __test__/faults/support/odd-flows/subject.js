'use strict';

// A Node-RED that is given odd flows: what it answers, whether it lives, what runs in it.

const fs = require('node:fs');
const path = require('node:path');

const { startNodeRed } = require('../../../support/node-red.js');
const { until } = require('../../../support/wait.js');

/** How long a Node-RED may take for anything here before it counts as hanging. */
const PATIENCE = 2500;
/** How long its route may take: one that is broken answers never. */
const ROUTE = 400;
const NODES = path.join(__dirname, 'nodes');

class Subject {
  constructor(options, start) {
    this.options = options;
    this.startInstance = start;
  }

  async start() {
    this.instance = await this.startInstance({
      httpAdmin: true,
      ...this.options,
      // What is odd may look like the name of a module: nothing is to be installed.
      settings: { nodesDir: [NODES], externalModules: { modules: { allowInstall: false } }, ...this.options.settings }
    });
    return this;
  }

  /** What its probe tells: `{ deploys, revision, lines }`. */
  async look() {
    return (await this.instance.http('/running', { deadline: PATIENCE })).json();
  }

  /** The same, as lines, and how the route of the flow answers; nothing when nothing runs. */
  async runs() {
    const { lines } = await this.look();
    if (lines.length === 0) {
      return lines;
    }
    const answer = await this.instance.http('/alive', { deadline: ROUTE }).catch(() => undefined);
    return [...lines, `GET /alive: ${answer ? `${answer.status} ${answer.text}` : 'no answer'}`];
  }

  /** `'lives'`, `'ended'` or `'hangs'`. */
  async health() {
    try {
      await this.look();
      return 'lives';
    } catch {
      // A process that is ending answers nothing either.
      await until(() => !this.instance.running, { deadline: 500 }).catch(() => {});
      return this.instance.running ? 'hangs' : 'ended';
    }
  }

  /** Has it take flows, by `send()`, and gives what became of that. */
  async take(send) {
    const { deploys } = await this.look();
    let answer;
    try {
      answer = await send();
    } catch (error) {
      return { answer: undefined, health: await this.health(), lines: [], error: error.message };
    }
    const { status, text } = answer;
    let lines = [];
    let health = 'lives';
    try {
      await until(async () => status >= 300 || (await this.look()).deploys > deploys, {
        deadline: PATIENCE,
        interval: 5,
        message: 'the start of the flows'
      });
      lines = await this.runs();
    } catch {
      health = await this.health();
      if (health === 'lives') {
        health = 'never starts';
      }
    }
    return { answer: { status, text }, health, lines };
  }

  /** A deploy through its API. */
  deploy(flows, type = 'full') {
    return this.take(() => this.post(JSON.stringify({ flows }), type));
  }

  /** Flows that it finds on its disk, as at a start. */
  load(flows) {
    if (flows) {
      fs.writeFileSync(path.join(this.instance.userDir, 'flows.json'), JSON.stringify(flows));
    }
    return this.take(() => this.post('{}', 'reload'));
  }

  post(body, type) {
    return this.instance.http('/flows', {
      method: 'POST',
      deadline: PATIENCE,
      headers: {
        'Content-Type': 'application/json',
        'Node-RED-API-Version': 'v2',
        'Node-RED-Deployment-Type': type
      },
      body
    });
  }

  /** Whatever its state is: one that runs these flows. */
  async startAfresh(flows) {
    this.instance.kill();
    await this.instance.waitUntilEnded();
    if (flows) {
      fs.writeFileSync(path.join(this.instance.userDir, 'flows.json'), JSON.stringify(flows));
    }
    await this.instance.start();
  }

  stop() {
    return this.instance?.stop();
  }
}

/** A Node-RED with its own storage. */
function startPlain(flows) {
  return new Subject({ flows }, startNodeRed).start();
}

module.exports = { Subject, startPlain };
