import type * as binding from '../../binding';

/** A line in Node-RED's log, with our prefix. */
export type Log = Record<binding.LogLevel, (text: string) => void>;

/** `settings.valkey`, or an object inside it, as a user has written it. */
export type RawOptions = Record<string, unknown>;

/** `settings.valkey` as the core takes it. */
export interface Options {
  /** JSON text. */
  text: string;
  functions: binding.Functions;
}

/** What the background methods answer that have no namesake to wait for. */
interface BackgroundAnswers {
  reconcileLibrary: string;
  packagesSettled: boolean;
}

type Name = 'Admin' | 'Worker';
type Class<N extends Name> = InstanceType<(typeof binding)[N]>;

type InBackground = 'InBackground';

type Answer<C, Method> = Method extends keyof BackgroundAnswers
  ? BackgroundAnswers[Method]
  : Method extends keyof C
    ? C[Method] extends (...args: never[]) => Promise<infer Value>
      ? Value
      : never
    : never;

/**
 * A class of the binding, as `openCore` opens it: the methods `…InBackground` stand under `background`, where the number
 * of the call is no argument, and the answer is a promise.
 */
export type Core<N extends Name> = {
  [M in keyof Class<N> as M extends `${string}${InBackground}` ? never : M]: Class<N>[M];
} & {
  background: {
    [M in keyof Class<N> as M extends `${infer Method}${InBackground}` ? Method : never]: Class<N>[M] extends (
      call: number,
      ...args: infer Args
    ) => void
      ? (...args: Args) => Promise<M extends `${infer Method}${InBackground}` ? Answer<Class<N>, Method> : never>
      : never;
  };
};

export type AdminCore = Core<'Admin'>;
export type WorkerCore = Core<'Worker'>;

/** What an admin or a worker is opened with. */
export interface OpenParams {
  settings: import('./node-red').Settings;
  runtime: import('./node-red').Runtime;
  log: Log;
  options: Options;
  /** What the core made of the options. */
  checked: binding.CheckedOptions;
}
