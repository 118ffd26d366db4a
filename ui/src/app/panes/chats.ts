import { ChatInspector, ChatMain } from "../../features/chat";
import { ChatList, FindBar } from "../../features/library";
import type { Panes } from "../sections.svelte";

export const panes = (): Panes => ({ List: ChatList, Main: ChatMain, Inspector: ChatInspector, Find: FindBar });
