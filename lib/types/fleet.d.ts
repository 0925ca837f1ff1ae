// The fleet as it is told by the core and over HTTP: docs/fleet.md has its shape.

import type { FleetReading, Role } from '../../binding';

/** How an instance stands. */
export type State = 'in step' | 'behind' | 'not ready' | 'lost';

export interface Fleet {
  /** The last deploy; null when nobody knows. */
  revision: string | null;
  /** Workers. */
  total: number;
  /** So many of them run it. */
  inStep: number;
  /** By name. */
  instances: FleetInstance[];
}

/** An instance as the others see it. */
export interface FleetInstance {
  /** Of its process. */
  id: string;
  /** Its host's; with a suffix where several have the same. */
  name: string;
  role: Role;
  labels: string[];
  /** What it runs; of an admin what the server has. */
  revision: string | null;
  /** Deploys; null when nobody knows. */
  behind: number | null;
  state: State;
  /** Why it is not in step. */
  error: string | null;
  /** Since when it runs that, in ms since 1970 by the server's clock. */
  since: number | null;
  report: Report;
}

/**
 * What an instance has told of itself. Every text is bounded, every number is one from 0. Ages were true when the report
 * was made.
 */
export interface Report {
  host: string;
  /** The same for each start of one installation. */
  place: string;
  role: Role;
  labels: string[];
  /** The options of tabs that run once: how long a lease is, in ms. */
  once: { lease: number; whenAway: string } | null;
  /** Of this package. */
  version: string;
  nodeRed: string;
  node: string;
  /** In s. */
  uptime: number;
  /** What runs; on an admin what the server has. */
  revision: string | null;
  /** For how long it has, in s. */
  since: number | null;
  /** On an admin: the revisions before, the newest first. */
  recent: string[];
  ready: boolean;
  /** Why it is not. */
  missing: string[];
  notes: string[];
  /** What they do. */
  flows: string;
  missingTypes: string[];
  packages: string | null;
  connection: string;
  /** Since it started. */
  errors: number;
  /** `ago` in s. */
  lastError: { text: string; ago: number } | null;
  /** In bytes. */
  rss: number;
  /** Of the event loop, in ms, since the report before. */
  delay: { p99: number; max: number };
  /** How long ago JavaScript ran, in ms. */
  tick: number;
  /** Ids of those held. */
  tabs: string[];
  context: { keys: number; bytes: number; unsent: number; conflicts: number } | null;
}

/** What is known of the fleet. */
export interface Known {
  /** Workers by their state. */
  workers: FleetReading['workers'];
  /** How old that is, in ms; null: nothing was read yet. */
  asOf: number | null;
  /** Why it is old. */
  problem: string | null;
}
