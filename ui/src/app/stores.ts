// The stores that listen to the backend. All of them must be there before it speaks, whichever section
// is shown first.
import "../state/chats.svelte";
import "../state/compactions.svelte";
import "../state/compare.svelte";
import "../state/connections.svelte";
import "../state/conversations.svelte";
import "../state/diagnoses.svelte";
import "../state/drafts.svelte";
import "../state/engine-logs.svelte";
import "../state/histories.svelte";
import "../state/hosts.svelte";
import "../state/hub.svelte";
import "../state/library.svelte";
import "../state/logs.svelte";
import "../state/metrics.svelte";
import "../state/planning.svelte";
import "../state/plans.svelte";
import "../state/prompts.svelte";
import "../state/queue.svelte";
import "../state/settings.svelte";
import "../state/tasks.svelte";
import "../state/transfers.svelte";
import "../state/versions.svelte";
import "../state/windows";
