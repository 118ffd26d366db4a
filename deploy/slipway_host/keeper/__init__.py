"""What starts the supervisor again after a kill or a reboot: systemd of the user, launchd, or nothing."""
