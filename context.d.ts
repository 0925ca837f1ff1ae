import storage = require('./index');

/**
 * The context store that is shared through Valkey or Redis, for `contextStorage` in settings.js:
 * `{ default: { module: require('node-red-storage-valkey/context') } }`.
 *
 * With this package's storage module it takes `settings.valkey`, over which `config` wins; a `config` that names a
 * server stands alone.
 */
declare function context(config: context.ContextConfig): context.ContextStore;
export = context;

declare namespace context {
  type ContextConfig = Partial<storage.ValkeyOptions> & { settings?: { userDir?: string } };

  type Callback = (error?: unknown, ...values: any[]) => void;

  /** What Node-RED expects of a context store. */
  interface ContextStore {
    open(): Promise<void>;
    close(): Promise<void>;
    get(scope: string, key: string | string[], callback?: Callback): any;
    set(scope: string, key: string | string[], value: any, callback?: Callback): void;
    keys(scope: string, callback?: Callback): string[] | undefined;
    delete(scope: string): Promise<void>;
    clean(known: string[]): Promise<void>;
  }

  /**
   * A value that is an operation: it is begun when it is set in the context, and `await` gives what came of it. One
   * can be set once.
   */
  interface Operation<Result> extends PromiseLike<Result> {
    catch<Other>(onError: (error: any) => Other | PromiseLike<Other>): Promise<Result | Other>;
    finally(onEnd: () => void): Promise<Result>;
  }

  /**
   * Operations that are one step for all instances:
   * `const n = shared.incr(1); global.set('count', n); const count = await n;`
   */
  const shared: {
    /** Adds to a number, 0 when there is none; gives the new one. */
    incr(by?: number): Operation<number>;
    /** Replaces a value by what `change` makes of it, which is called again when another instance was faster. */
    update<Value>(change: (value: any) => Value | Promise<Value>): Operation<Value>;
    /** Sets a value if there is none; gives whether there was none. */
    setIfAbsent(value: any): Operation<boolean>;
    /** Appends to an array, an empty one when there is none; gives the new length. */
    push(value: any): Operation<number>;
    /** Removes a value after a time, unless it is set anew; gives whether there was one. */
    expire(seconds: number): Operation<boolean>;
  };
}
