/** A short list that the backend keeps: read once, and told anew with every change. */
export abstract class KeptList<T> {
  list = $state.raw<readonly T[]>([]);
  #loading: Promise<void> | null = null;

  /** Asks the backend for all of it. */
  protected abstract read(): Promise<readonly T[]>;

  /** Reads it, once; a failed reading is tried again at the next call. */
  load(): Promise<void> {
    this.#loading ??= this.read().then(
      (list) => {
        this.list = list;
      },
      (thrown: unknown) => {
        this.#loading = null;
        throw thrown;
      },
    );
    return this.#loading;
  }
}
