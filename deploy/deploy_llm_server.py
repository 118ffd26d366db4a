#!/usr/bin/env python3
"""What Slipway runs on a host: installs an LLM engine and a model, keeps the server alive, removes it.

Standard library only, Python 3.8+, Linux and macOS, a plain user, one file. It never uses sudo,
never touches the system's Python packages (PEP 668 safe) and writes only below its root directory (the
exceptions are named at the end).

Invocation
----------
    python3 deploy_llm_server.py SUBCOMMAND (--params FILE | --params - | --params-b64 BASE64_JSON)
    python3 - probe --params-b64 BASE64_JSON < deploy_llm_server.py      (nothing is written)

Parameters are a JSON object. Secrets are never in it: the API key of a deployment is made on the
host, in a file of mode 0600, and is read from there. For every subcommand:

    marker       8 to 128 characters of [0-9A-Za-z_-], random, chosen by the caller
    root         absolute directory, or null for ~/.local/share/slipway/v1
    deployment   name of the deployment, default "default"
    lock_wait_s  seconds to wait for the lock of another run, default 5
    python       an interpreter to use for the engine instead of searching for one (optional)
    run          for install, start, rollback, commit, clean and stop: see Runs (optional)
    wheels       absolute directory on the host with packages that the caller brought (optional; probe
                 and install): see Brought files
Texts have one line and at most 4096 characters.

A parameter file is best kept in ROOT/script/: uninstall removes that folder, and the whole root with
it once it is empty, but nothing that it does not know.

Output
------
An event is one line on stdout, <marker>{json}<marker>; all other lines are log noise.

    {"event":"log","level":"info|warn|error","text":...}
    {"event":"progress","stage":"engine|model|verify_file|load","text":...,"done":N,"total":N|null}
        bytes, except for "load": seconds waited
    {"event":"gauges","data":{...}}                                     of watch
    {"event":"line","text":...}                                         of logs with follow
    {"event":"listening","port":N,"socket":PATH|null,"nonce":HEX}       of listen
    {"event":"result","data":{...}}                                     terminal, exit status 0
    {"event":"error","code":...,"message":...,"params":{str:str}}       terminal, exit status 1

Exactly one terminal event ends a run (without one the process was killed). If the parameters
cannot be read, the marker is unknown and the error is a bare JSON line.
watch, logs with follow and listen last until SIGTERM, SIGINT or SIGHUP, then they end with their
result; once stdout is closed they end without a word. Elsewhere than on Linux they print an empty line
now and then, to notice that.

Runs
----
With run {"id":ID,"fingerprint":F|null,"owner":O|null,"offset":N,"attach":bool} the work is done by a
process of its own, which goes on when the link is lost, and whose events can be read again by its id.

    id           8 to 64 of [0-9A-Za-z-], chosen by the caller
    fingerprint  what the caller's work is known by, at most 128 characters; kept and told, never read
    owner        who asked for it, at most 64 characters; likewise
    offset       where in the run's events to go on, default 0
    attach       default false; true: an unknown ID is the error run_lost instead of a new run

An unknown ID begins a run: ROOT/runs/ID/ is made, a process in a session of its own does the
subcommand with these parameters and appends its events to events.jsonl there. A known ID (of the same
subcommand) has its parameters already; none but marker, root and run are read. Two that begin one ID at once
begin one run, and any number may follow it. Either way the caller's process prints

    {"event":"run","id":ID,"resumed":bool,"at":N}       first; resumed: the run was known
    {"event":...,...,"at":N}                            what the run tells, from offset on

up to its terminal event. N is the offset behind this event: who lost the link goes on there. An offset at
or behind the terminal event gives that event again; one inside an event begins with the next.

SIGTERM and SIGINT to the caller's process are passed to the run as SIGTERM, and it follows on to the
run's terminal event. On SIGHUP and a closed stdout it ends without a word, and the run goes on. A run that
died without a terminal event (killed, or the host was restarted) ends with the error run_lost. A host
that ends the processes of a login with it (finding kill_user_processes) ends runs as well.

A run's parameters are in a file of mode 0600 until the run has read them, and nowhere else. Its
progress is written four times a second at most, and less often the longer it takes. The next run
removes ended ones but for the newest five of the last seven days.

Subcommands
-----------
probe      writes nothing. Optional "model" and "engine" as for install, then they are judged as
           well: with an engine.binary nothing that only the wheel needs is missed. Optional "time":
           the caller's clock, seconds of the epoch. Optional "brief": neither the Pythons nor the
           package index are looked at where the engine of llama_cpp is installed already.
           Each of the host's tools gets five seconds.
           data: os, os_release, arch, libc, libc_version{name: glibc|musl|macos|unknown, version},
           hostname, user, home, root,
           python{path,version,venv,engine_python,pythons[{path,version,venv,ensurepip,pip,ssl,
           venv_works,cpython,brought}]}, disk{path,free_bytes,total_bytes,free_inodes} (of root),
           places[{role: root|home|tmp|models, wanted, path, free_bytes, total_bytes, free_inodes,
           kind (of file system, or null), writable, noexec}],
           directories[{path,free_bytes,total_bytes}] (other file systems with room, most room first,
           at most 5; PATH/v1 will do as root),
           memory{total_bytes,available_bytes}, cpu{model,cores,flags_ok,missing[],features[]},
           gpus[{vendor: nvidia|amd|apple, index, uuid, name, memory_total_mb, memory_free_mb, driver,
           compute_capability, unified}] (null where the tool does not tell; MiB),
           gpu_processes[{pid,name,memory_mb,gpu_uuid}], gpu_tools[{tool,path,ok,code,detail}],
           cuda (the newest that the driver serves, or null), llama_server, llama_server_version,
           services{systemd_user: running|degraded|starting|initializing|maintenance|offline|
           unreachable|null, linger, kill_user_processes, launchd},
           containers[{tool: docker|podman, path, version, usable, rootless, gpu, reason: null|denied|
           not_running|hangs|failed, detail}],
           ollama{path, version, serving (version of the service that answers, or null), address},
           proxies[] (names of variables, never their values), clock{time, skew_s (host ahead of the
           caller; null without "time")}, writable, noexec, index_reachable (null: not tested),
           index_address (the index that the host's pip would use, configured or its own default; null
           if that is not known, or if the address holds a user, a password or a query),
           engine_wheel{file,sha256,bytes,version,package,installed} (what this host needs for
           llama_cpp; null where none runs), engine_installed, deployment (as status, or null),
           findings[{severity: ok|warn|error, code, message, fix, params}], runs[] (as status)
install    engine {"kind":"llama_cpp","source":"auto|wheel|binary","binary":path|null,
               "options":[…] (binary only)}
               auto: an existing llama-server if the host has a graphics card (the wheel computes on
               the CPU) and the model is a real one; else the wheel; else an existing llama-server
           | {"kind":"vllm","version":V|null,"uv":path|null,"options":[…]}   safetensors; a directory
               of its own made by uv (uv of the host, given, or fetched from the package index)
           | {"kind":"mlx","version":V|null,"uv":path|null,"options":[…]}    safetensors; Macs with
               Apple silicon; no key
           | {"kind":"ollama","source":"auto|binary|service|archive","binary":path|null,"url":U,
               "sha256":S}   models of kind ollama; url and sha256 (needed) name the release archive
               (.tgz or .tar.zst); service: the host's own, which is not started or stopped; no key
           | {"kind":"container","tool":"auto|docker|podman","serves":"llama_cpp|vllm","image":I|null,
               "gpu":"auto|none|nvidia|amd","options":[…]}
           | {"kind":"custom","command":[program,…],"environment":{…},"key":bool,"health_path":"/health",
               "models_path":"/v1/models","metrics_path":null,"load_path":null}
               placeholders in command and environment: {model} {label} {host} {port} {context}
               {parallel} {key_file} {socket}; the program has to answer 200 at health_path when it is ready,
               503 while it loads
           options: more arguments for the engine, none that says where it listens or who may ask
           model {"kind":"practice"} | {"kind":"path","path":P} (a GGUF file, or a folder with
               config.json and safetensors) | {"kind":"uploaded","path":P,"sha256":S}
               | {"kind":"url","url":U,"sha256":S|null} | {"kind":"ollama","name":N}
               | {"kind":"huggingface","repo":"OWNER/NAME","file":"x.gguf"|null,"revision":R|null,
               "base_url":B|null,"token_file":P|null}   file: a GGUF file (the first part of a split
               one brings the others); null: the safetensors. token_file: of mode 0600 and the user's
               own; the token goes to base_url's server only, and into no file or log
           context_size  tokens that one conversation may use; null: the model's own, at most 8192.
               The slots share one cache of this size
           parallel      slots, default 4
           threads       null: 1 for the practice model, else the engine's choice
           gpu_layers    null: the engine's choice
           data: changed, engine{kind,version,source,python,seconds}, model{kind,name,label,path,
           bytes,sha256,architecture,context_train,practice,format: gguf|safetensors|ollama, shape
           (see fit), of a huggingface model also repo,revision,file,commit}, manifest
           The second run with the same parameters neither uses the network nor reads big files.
           stage (default false): the version is a candidate and `current` stays; see Versions.
           data also: version, candidate (whether it is one; false if nothing changed)
start      timeout_s (default 120) to be ready; port (null: any free one, kept across restarts);
           log_bytes (default 5 MiB; two such files are kept); watch "prctl" or "pipe": how the
           engine notices the end of its supervisor (default: prctl on Linux); listen "port" or
           "socket" (default: as the last start, at first port): a unix socket in a directory that only
           the user enters, where the engine and the length of the path allow it, else a port; keeper
           "supervisor", "systemd", "launchd" or "auto" (default: as the last start, at first
           supervisor): what starts the supervisor again after a kill or a reboot, a unit of the user's own that exists only while the server is meant to run (auto:
           launchd, or systemd if the user lingers; one that fails is replaced by the supervisor alone,
           with a warning in the log); linger (default false): ask for it first; candidate (default
           false): start the candidate if there is one, else the current version.
           data: port (null on a socket), socket (path or null), keeper, pid, engine_pid, state,
           already_running, model, load_seconds, api_key_path, version, endpoints{health,load,metrics,
           models (paths or null), key (whether the engine asks for the API key), socket (whether it
           can listen on one)}.
           An engine that does not get ready in time is stopped again. A candidate that does not
           start is forgotten and the current version is started again: the error's params then
           have restored, its name, or "" if that failed too or there is none.
           data also: device, log_path; see Engines
stop       data: was_running
status     data: deployed, state (absent|stopped|starting|loading|ready|crashed), port, last_port,
           socket, keeper, pid, engine_pid, restarts, since (of this state, seconds of the epoch), last_exit{status,text,
           reason,at,seconds,log}, model, engine, manifest, api_key_path, log_tail, version, previous,
           candidate (names or null), running_version (what the supervisor runs), endpoints, device
           (of what runs), log_path,
           runs[] of the root, newest first {id, subcommand, deployment, fingerprint, owner, pid (null
           when it has ended), started_at (seconds of the epoch), running, ended: result|error|lost|null}
cancel     run {"id":ID}: SIGTERM to that run, which takes back what it had begun; after 20 seconds its
           process group is killed. data: was_running (false as well for an unknown ID)
logs       lines (default 200, at most 10000). data: lines
           follow (default false): the last lines and then each new one as "line" events, across the
           log's rotation and restarts of the engine; only whole lines, cut at 8 KiB, bytes that are
           no UTF-8 replaced. data: lines (none: all were events)
watch      interval_s (1 to 3600, default 10). Emits "gauges" at once and then at each interval: gpus[{index,
           name,vendor,utilisation_percent,memory_used_mb,memory_total_mb,temperature_c}] (null where
           the tool does not tell; MiB), memory{total_bytes,available_bytes}, disk{free_bytes,
           total_bytes} (of root), load1, cores, uptime_s (null where not known), engine{state, pid,
           memory_bytes (resident, of the engine process and all that it started; null where it
           computes elsewhere: containers, the service of Ollama), restarts, since}.
           A GPU tool gets five seconds; one that hangs leaves null. data: events (how many)
listen     timeout_s (default 15, at most 60). Opens a TCP port on 127.0.0.1 and a unix socket in a new
           directory of mode 0700, emits "listening" and writes the nonce to everyone who connects,
           then closes: for testing what the SSH server forwards. Ends once both were asked (the port
           alone if socket is null), or when the time is over. data: tcp, socket (how often each was
           asked). The directory is removed in any case.
uninstall  keep_models (default false). data: removed_bytes, was_deployed. Stops, removes the
           deployment, engines and models that no other deployment uses, its ended runs, and what is
           then empty; with the last deployment also the brought Python and packages. A start or rollback
           of this deployment that still runs is cancelled.
versions   data: root, deployment, current, previous, candidate, versions[] newest first {version, role:
           candidate|current|previous|old, damaged, created_at, running, complete (its engine and
           model are still there), engine{kind,source,version}, model{kind,name,label,path,bytes,
           sha256}, parameters, engine_bytes, model_bytes}; a damaged one has version, role, damaged,
           complete only. engines[], models[] {path, bytes, used_by[{deployment,version}]},
           total_bytes (of the root), disk{path,free_bytes,total_bytes,free_inodes}
commit     the candidate, which has to run and be ready, becomes current; the last two versions are
           kept. data: changed (false: there was no candidate), version, previous, removed_bytes
rollback   timeout_s as for start; version (default: see below); only_candidate (default false: true
           does nothing where there is no candidate). With a candidate, and no other
           version named: forgets it and starts the current version again if anything ran. Else:
           starts the previous version (or the one named) if anything ran, then makes it current;
           the one left becomes the previous. If it does not start, the current one is started
           again (params.restored as for start).
           data: version (now current, or null), left, running, start (as start, or null)
hub        writes nothing. repo, revision, base_url, token_file as for a huggingface model. Without a
           token_file, here and in fit, the token is SECRETS["hub_token"] in the source of this script,
           if its caller put one there.
           data: repo, revision, commit, gated, private, choices[] smallest first {format:
           gguf|safetensors, file (null: the safetensors), quantisation or null, size, parts}
fit        writes nothing. model {"path":P} (a file or folder; default: the deployed one), or a
           huggingface or url model as for install, whose header is read over the network; engine
           {"kind":K}, device auto|cpu|gpu, context_size (added to the usual ones up to the model's
           own), free_bytes (of the machine that it is for, if that is another one).
           data: device, free_bytes (of that device, or null), context_train, shape{layers,width,heads,
           kv_heads (a number or one per layer),key_length,value_length,kv_lora_rank,rope_dimensions,
           sliding_window,vocabulary,parameters,quantisation,weights_bytes} (null where the file does
           not tell), contexts[{context_size, parts{total,weights,kv_cache,compute,runtime} in bytes,
           verdict: fits (80 % of the free memory or less)|tight|too_big|unknown}]
clean      dry_run, keep_models (default false). Removes versions without a role, engines, models,
           cut downloads, script folders, the brought Python and packages, and leftovers that nothing
           uses, and ended runs. data: removed[{kind: version|engine|model|download|script|python|
           leftover|run, path, bytes}], removed_bytes, dry_run
           What lies behind a symbolic link in the root is never removed, here and in uninstall.
supervise, serve, work   internal: the supervisor process, the engine process, the process of a run.

Versions
--------
A deploy that is verified before it counts:  install stage=true -> start candidate=true -> the caller
asks for an answer through its tunnel -> commit, or rollback if the answer was not right. Until the
commit, `current` is the version before: a plain start, by whomever, goes back to it. Only one engine
runs at a time, so that two models need not fit. Without stage an install counts at once.
The layout before versions (NAME/manifest.json) is read as the current version and becomes one at the
first run that changes something. A damaged current.json is made anew; a damaged manifest is the error
manifest_damaged, which an install mends.

Engines
-------
All kinds alike: the supervisor starts the engine process and asks GET http://127.0.0.1:PORT with the
health path until it answers 200 ("ready"; 503 is "loading"). It starts an engine that ended again, with
back-off, and gives up ("crashed") after five short lives. A stop sends SIGTERM, after four seconds
SIGKILL, and ends what the engine left. What the engine prints is ROOT/deployments/NAME/logs/engine.log
(log_path; the file before it is engine.log.1), with the supervisor's own lines in [slipway …].
endpoints, as start and status tell them:

    kind       health        load      metrics   models      key   socket
    llama_cpp  /health       /slots    /metrics  /v1/models  yes   yes
    vllm       /health       /metrics  /metrics  /v1/models  yes   yes
    mlx        /health       null      null      /v1/models  no    no
    ollama     /api/version  /api/ps   null      /v1/models  no    no      ready before a model is loaded
    container  /health       /slots    /metrics  /v1/models  yes   no      serves vllm: load is /metrics
    custom     as given      as given  as given  as given    key   if {socket} is used

    llama_cpp  the wheel runs inside the engine process, a llama-server becomes it
    ollama     source service: nothing is started or stopped; the engine process is a watcher that ends
               when the service does not answer any more. Else `ollama serve` of our own
    container  the engine process is `docker run` (podman); a stop and each start remove the container

device is what the engine computes on: {used: gpu|cpu|null, detail}; null where that cannot be told (yet).
llama_cpp: its log (layers offloaded, devices, buffers) or the wheel's list of devices. ollama: size_vram
in /api/ps, null until a model is loaded. vllm: its log. mlx: gpu. container: cpu without a card handed
over, else its log. custom: its log, if that speaks as one of these.

Brought files
-------------
wheels       install of llama_cpp takes the pinned wheel (engine_wheel of probe) from there and needs no
             package index, and probe misses none; without that file everything is as without wheels.
             vllm and mlx: uv (engine.uv, else uv-*.whl there, else the host's) and all packages come
             from there only; Python is the host's or the brought one. Best kept in ROOT/wheels/
ROOT/python  a Python (bin/python3 in it). A suitable one of the host's own goes before it; the script may
             run from it
ROOT/models/FIRST_16_DIGITS_OF_SHA256/NAME
             a model of kind uploaded; while it is sent it is NAME.part-16_HEX_DIGITS beside it, which
             clean leaves for seven days

Error codes and their params
----------------------------
python_too_old{found,needed,fix}  venv_missing{python,fix}  libgomp_missing{fix}
cpu_unsupported{missing}  disk_full{path,needed,free}  no_write_permission{path}  noexec{path}
no_index_reachable{detail}  engine_install_failed{detail}  hash_mismatch{expected,actual,what}
model_not_found{path}  model_not_gguf{path}  model_truncated{path,expected,actual}
model_repo_not_found|model_token_refused{repo,status,token: given|none}
model_gated{repo,status,token,url}  model_file_not_found{repo,file}  model_unreachable{url,detail}
model_url_invalid{url}  engine_crashed{detail,reason,log}
engine_not_healthy{seconds,log}  port_unavailable{port}
lock_held{owner,pid,since,age_seconds,run (the id if the holder is a run, else "")}  run_lost{run}
model_unsupported{engine,wanted}  model_not_safetensors{path}  container_unavailable{tool}
not_deployed{}  manifest_damaged{path,detail}  candidate_not_running{version}  no_previous_version{}
version_unknown{version}  version_incomplete{version}  glibc_too_old{found,needed}
unsupported_platform{os,arch}  cancelled{}
script_failed{detail}

Findings have these codes, the error codes above and
ok    python_ok engine_ok engine_available{kind} index_ok disk_ok{free} writable_ok{path}
      llama_server_ok{path,version} model_ok{path,bytes} gpu_ok{vendor,name,memory_total_mb,memory_free_mb,driver,
      compute_capability} gpu_absent{tool,detail} container_ok{tool,version,rootless}
      container_denied|container_not_running|container_hangs|container_failed{tool,detail}
      ollama_ok{version,address} proxy_set{names} systemd_ok{linger} launchd_ok{}
warn  memory_low{bytes,available} gpu_busy{pid,name,memory_mb,gpu} gpu_driver_mismatch
      gpu_driver_not_loaded gpu_lost gpu_tool_missing gpu_tool_hangs gpu_tool_failed{tool,detail}
      place_full{role,path,free} inodes_low{role,path,free_inodes} tmp_noexec{role,path}
      linger_off{} kill_user_processes{} clock_skew{seconds}

Cancelling: SIGTERM and SIGINT take back what the run had begun. SIGHUP and a closed stdout mean
that the link is gone: without "run" an install stops cleanly but keeps a partial model download, so that
the next run resumes it; a start leaves the engine to its supervisor.

Files below root (mode 0700): script/, python/, wheels/, engines/KIND-VERSION/, models/, lock/,
runs/ID/{state.json,events.jsonl,output.log} and
deployments/NAME/{current.json,versions/VERSION/manifest.json,api.key,run/,logs/}. Outside it only the
directory of a listen (in /tmp) while that runs, and the unit of a keeper:
~/.config/systemd/user/slipway-NAME-HASH.service or ~/Library/LaunchAgents/app.slipway-NAME-HASH.plist,
and where the root's path is too long for one a socket in $XDG_RUNTIME_DIR; both go with a stop.
"""

import sys

if sys.version_info < (3, 6):
    sys.exit("Slipway needs Python 3.8 or newer on the host.")

import importlib.machinery  # noqa: E402  (the version test has to come first)
import os

sys.dont_write_bytecode = True

# The sources of slipway_host by file name. On a host this is one file: bundle.py and the app's build
# put the sources below the next line. In a checkout it stays empty, and the folder beside is used.
SOURCES = {}
# SOURCES

# What a caller that sends this by standard input puts in place of {}: see hub and fit.
SECRETS = {}


class Bundle:
    """Imports modules from SOURCES; nothing is written. Tracebacks name their files and lines."""

    def find_spec(self, name, path=None, target=None):
        stem = name.replace(".", "/")
        for file, is_package in ((stem + ".py", False), (stem + "/__init__.py", True)):
            if file in SOURCES:
                return importlib.machinery.ModuleSpec(name, self, origin=file, is_package=is_package)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        file = module.__spec__.origin
        exec(compile(SOURCES[file], file, "exec", dont_inherit=True), module.__dict__)

    def get_source(self, name):
        """For tracebacks (PEP 302)."""
        return SOURCES[self.find_spec(name).origin]


if __name__ == "__main__":
    if SOURCES:
        sys.meta_path.insert(0, Bundle())
    else:
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from slipway_host.main import main
    sys.exit(main())
