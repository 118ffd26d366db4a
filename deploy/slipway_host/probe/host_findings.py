"""What the facts of a host mean, whatever is deployed on it. None of it stops a deploy by itself."""

from slipway_host.units import size_text

# Beyond this, certificates and signatures with a date begin to fail.
CLOCK_SKEW_S = 300
LOW_SPACE_BYTES = 200 * 1000 * 1000
LOW_INODES = 1000

GPU_TROUBLES = {
    "gpu_driver_mismatch": ("The NVIDIA driver in the kernel and its library differ in version, so the graphics card "
                            "cannot be used.", "Restart the host: the update of the driver is finished by that."),
    "gpu_driver_not_loaded": ("There is an nvidia-smi, but the NVIDIA driver does not answer it.",
                              "sudo modprobe nvidia, or install the driver anew and restart the host"),
    "gpu_absent": ("There is an nvidia-smi, but no graphics card.", ""),
    "gpu_lost": ("The driver has lost a graphics card.", "Restart the host; look for Xid errors in its kernel log."),
    "gpu_tool_missing": ("The kernel has an NVIDIA driver, but there is no nvidia-smi.",
                         "Install the utilities of the NVIDIA driver."),
    "gpu_tool_hangs": ("%(tool)s does not answer.", "Restart the host: its graphics driver hangs."),
    "gpu_tool_failed": ("%(tool)s fails: %(detail)s", ""),
}
CONTAINER_TROUBLES = {
    "denied": ("You may not use %(tool)s on the host.", "sudo usermod -aG %(tool)s $USER, then log in again"),
    "not_running": ("%(tool)s is installed and its service does not run.", "sudo systemctl start %(tool)s"),
    "hangs": ("%(tool)s does not answer.", "sudo systemctl restart %(tool)s"),
    "failed": ("%(tool)s is installed and fails: %(detail)s", ""),
}


def host_findings(findings, facts):
    """Adds them to the findings of the deployment."""
    gpu_findings(findings, facts["gpu"])
    place_findings(findings, facts["places"])
    service_findings(findings, facts["services"])
    for tool in facts["containers"]:
        if tool["usable"]:
            findings.add("ok", "container_ok", "%(tool)s %(version)s can be used." % tool, tool=tool["tool"],
                         version=tool["version"] or "", rootless=tool["rootless"])
        else:
            message, fix = CONTAINER_TROUBLES[tool["reason"]]
            findings.add("ok", "container_" + tool["reason"], message % tool, fix % tool, tool=tool["tool"],
                         detail=tool["detail"])
    ollama = facts["ollama"]
    if ollama["serving"]:
        findings.add("ok", "ollama_ok", "Ollama %s answers at %s." % (ollama["serving"], ollama["address"]),
                     version=ollama["serving"], address=ollama["address"])
    if facts["proxies"]:
        findings.add("ok", "proxy_set", "The host uses a proxy: %s." % ", ".join(facts["proxies"]),
                     names=",".join(facts["proxies"]))
    skew = facts["clock"]["skew_s"]
    if skew is not None and abs(skew) > CLOCK_SKEW_S:
        findings.add("warn", "clock_skew", "The host's clock is %d minutes %s." % (
            abs(skew) // 60, "ahead" if skew > 0 else "behind"), "sudo timedatectl set-ntp true", seconds=int(skew))


def gpu_findings(findings, report):
    for gpu in report["gpus"]:
        total, free = gpu["memory_total_mb"], gpu["memory_free_mb"]
        findings.add("ok", "gpu_ok", "%s with %s." % (
            gpu["name"], "memory shared with the processor" if total is None
            else "%s of memory, %s free" % (size_text(total * 2 ** 20),
                                            "?" if free is None else size_text(free * 2 ** 20))),
            **{name: "" if gpu[name] is None else gpu[name]
               for name in ("vendor", "name", "memory_total_mb", "memory_free_mb", "driver", "compute_capability")})
    for tool in report["tools"]:
        if not tool["ok"]:
            message, fix = GPU_TROUBLES[tool["code"]]
            findings.add("ok" if tool["code"] == "gpu_absent" else "warn", tool["code"], message % tool, fix,
                         tool=tool["tool"], detail=tool["detail"])
    for process in report["processes"]:
        # Small ones are displays and monitors.
        if (process["memory_mb"] or 0) >= 500:
            findings.add("warn", "gpu_busy", "%s (process %d) holds %s of graphics memory." % (
                process["name"], process["pid"], size_text(process["memory_mb"] * 2 ** 20)),
                pid=process["pid"], name=process["name"], memory_mb=process["memory_mb"],
                gpu=process["gpu_uuid"] or "")


def place_findings(findings, places):
    for place in places:
        if place["role"] == "root":
            continue
        shown = {"role": place["role"], "path": place["path"]}
        if place["free_bytes"] < LOW_SPACE_BYTES:
            findings.add("warn", "place_full", "Only %s are free at %s." % (size_text(place["free_bytes"]), place["path"]),
                         free=place["free_bytes"], **shown)
        if place["free_inodes"] is not None and place["free_inodes"] < LOW_INODES:
            findings.add("warn", "inodes_low", "The file system of %s has only %d files left." % (
                place["path"], place["free_inodes"]), free_inodes=place["free_inodes"], **shown)
        if place["noexec"] and place["role"] == "tmp":
            findings.add("warn", "tmp_noexec", "Programs may not run in %s, which some installers need." % place["path"],
                         "export TMPDIR=~/.cache/tmp", **shown)


def service_findings(findings, services):
    if services["systemd_user"] in ("running", "degraded", "starting", "initializing"):
        if services["linger"] is False:
            findings.add("warn", "linger_off", "The user's services end with the last login.",
                         "loginctl enable-linger")
        else:
            findings.add("ok", "systemd_ok", "systemd can keep the server alive.", linger=services["linger"])
    elif services["launchd"]:
        findings.add("ok", "launchd_ok", "launchd can keep the server alive.")
    if services["kill_user_processes"] and services["systemd_user"] and services["linger"] is not True:
        findings.add("warn", "kill_user_processes", "The host ends what a user leaves running at logout.",
                     "loginctl enable-linger")
