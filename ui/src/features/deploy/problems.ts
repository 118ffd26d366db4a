import { m } from "../../paraglide/messages.js";
import type { PlanProblem } from "../../state/plan.svelte";

const WORDS: Record<PlanProblem, () => string> = {
  path_missing: m.deploy_problem_path,
  file_missing: m.deploy_problem_file,
  url_missing: m.deploy_problem_url,
  url_invalid: m.deploy_problem_url_invalid,
  sha256_invalid: m.deploy_problem_sha256,
  repo_missing: m.plan_problem_repo,
  repo_invalid: m.plan_problem_repo_invalid,
  repo_unlisted: m.plan_problem_unlisted,
  ollama_missing: m.plan_problem_ollama,
  command_missing: m.plan_problem_command,
  command_quote: m.plan_problem_quote,
  environment_invalid: m.plan_problem_environment,
  health_invalid: m.plan_problem_health,
  archive_invalid: m.plan_problem_archive,
  archive_sha256: m.plan_problem_archive_sha256,
  directory_invalid: m.plan_problem_directory,
};

/** What a plan lacks, in a sentence. */
export function problemWords(problem: PlanProblem): string {
  return WORDS[problem]();
}
