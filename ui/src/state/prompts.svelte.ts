import type { ErrorInfo, HostId, Prompt, PromptId, PromptReply, RequestId } from "../ipc/bindings";
import { call } from "../ipc/call";
import { onMessage, onSnapshot } from "../ipc/events";
import { tasks } from "./tasks.svelte";

/** A question that a task waits for. */
export interface OpenPrompt {
  requestId: RequestId;
  prompt: Prompt;
}

/** A host that answered with another key than the known one. */
export interface ChangedKeyWarning {
  hostId: HostId;
  error: ErrorInfo;
}

/** The questions of the running tasks, the oldest first. */
class PromptState {
  list = $state.raw<OpenPrompt[]>([]);
  /** Not a question: nothing can be allowed, but it must not be overlooked. */
  changedKey = $state.raw<ChangedKeyWarning | null>(null);

  constructor() {
    onSnapshot((snapshot) => {
      this.list = snapshot.tasks.flatMap(({ request_id, prompt }) =>
        prompt ? [{ requestId: request_id, prompt }] : [],
      );
    });
    onMessage(({ request_id, body }) => {
      if (body.type === "prompt") {
        this.#drop(body.data.prompt_id);
        this.list = [...this.list, { requestId: request_id, prompt: body.data }];
      } else if (body.type === "progress" && body.data.type === "prompt_closed") {
        this.#drop(body.data.data.prompt_id);
      } else if (body.type === "complete" || body.type === "error") {
        if (this.list.some((open) => open.requestId === request_id))
          this.list = this.list.filter((open) => open.requestId !== request_id);
        const hostId = tasks.get(request_id)?.subject.host_id;
        if (body.type === "error" && body.data.code === "host_key_changed" && hostId)
          this.changedKey = { hostId, error: body.data };
      }
    });
  }

  /** The question to show. */
  get first(): OpenPrompt | undefined {
    return this.list[0];
  }

  /** Answers a question. It leaves the list at once; a refused answer rejects. */
  async answer(promptId: PromptId, reply: PromptReply): Promise<void> {
    const open = this.list.find((item) => item.prompt.prompt_id === promptId);
    this.#drop(promptId);
    try {
      await call("prompt_answer", { prompt_id: promptId, reply });
    } catch (thrown) {
      if (open && open.prompt.expires_at > Date.now()) this.list = [open, ...this.list];
      throw thrown;
    }
  }

  #drop(promptId: PromptId): void {
    this.list = this.list.filter((item) => item.prompt.prompt_id !== promptId);
  }
}

/** The open questions. */
export const prompts = new PromptState();
