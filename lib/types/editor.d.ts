// What Node-RED gives a plugin, as far as it is used here, and what the storage module gives to what it shows.

import type { EventEmitter } from 'node:events';
import type { Instance, Log } from './core';
import type { FleetReader } from '../fleet/reader';
import type { Runtime, Settings } from './node-red';
import type { Showing } from '../streams';

export interface EditorRequest {
  query: Record<string, unknown>;
  params: Record<string, string>;
  /** JSON that Node-RED has parsed. */
  body: unknown;
  /** Who is logged in; undefined where nobody has to. */
  user?: { username?: string; permissions?: unknown };
}

export interface EditorResponse {
  status(code: number): EditorResponse;
  set(name: string, value: string): EditorResponse;
  type(name: string): EditorResponse;
  json(value: unknown): void;
  send(text: string): void;
  /** It is sent, or whoever asked is gone. */
  once(event: 'close', listener: () => void): void;
  write(part: Uint8Array): boolean;
  end(part?: Uint8Array): void;
}

export type EditorHandler = (request: EditorRequest, response: EditorResponse, next: (error?: unknown) => void) => void;
type AddRoute = (path: string, ...handlers: EditorHandler[]) => void;

/** The `RED` that a plugin is called with. */
export interface PluginApi {
  httpAdmin: { get: AddRoute; post: AddRoute; put: AddRoute; delete: AddRoute };
  auth: { needsPermission(permission: string): EditorHandler };
  comms: { publish(topic: string, data: unknown, retain?: boolean): void };
  events: EventEmitter;
  settings: Partial<Settings>;
}

/** What the parts of the editor are opened with. */
export interface EditorParams {
  settings: Settings;
  runtime: Runtime;
  log: Log;
  role: string;
  /** Null as long as it is not open. */
  instance: () => Instance | null;
  /** What is known of all instances. */
  fleet: FleetReader;
  /** What of workers is shown in the editors; null on a worker. */
  streams: () => Showing | null;
}
