package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// systemdManager is systemd itself, which is in nobody's PATH.
const systemdManager = "/usr/lib/systemd/systemd"

// underSystemd runs the commands of its arguments beside a service manager, in namespaces
// whose /run is empty. It moves to cgroups of its own, for which the manager looks.
const underSystemd = `
set -e
for root in /sys/fs/cgroup /sys/fs/cgroup/*; do
	[ ! -w $root/cgroup.procs ] || { mkdir -p $root/pmtud-test && echo 0 >$root/pmtud-test/cgroup.procs || true; }
done 2>/dev/null
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system "$XDG_RUNTIME_DIR"
` + systemdManager + ` --user >/run/log 2>&1 &
for _ in $(seq 300); do
	[ ! -S "$XDG_RUNTIME_DIR/systemd/private" ] || break
	sleep 0.1
done
[ -S "$XDG_RUNTIME_DIR/systemd/private" ] || { cat /run/log; exit 77; }
eval "$1"
`

// TestUnitReloads has the installed version of systemd start the program by the settings
// of the unit that tell how, and reload it. Only root has cgroups for it.
func TestUnitReloads(t *testing.T) {
	if _, err := os.Stat(systemdManager); err != nil || os.Getuid() != 0 {
		t.Skip("needs root and systemd")
	}
	dir, config := t.TempDir(), writeConfig(t, endless(t, "a"))
	unit := filepath.Join(dir, "systemd", "user", "pmtud.service")
	if err := os.MkdirAll(filepath.Dir(unit), 0o755); err != nil {
		t.Fatal(err)
	}
	overwrite(t, unit, serviceOf(t, config))
	next := filepath.Join(dir, "next.yaml")
	overwrite(t, next, endless(t, "b"))

	c := exec.Command("/bin/sh", "-c", underSystemd, "sh", fmt.Sprintf(`
		systemctl --user start pmtud
		cp %s %s
		systemctl --user reload pmtud
		systemctl --user show pmtud -p ActiveState,Result
		systemctl --user stop pmtud`, next, config))
	c.Env = append(os.Environ(), "XDG_CONFIG_HOME="+dir, "XDG_RUNTIME_DIR=/run/user")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID, Unshareflags: unix.CLONE_NEWNS}
	t.Cleanup(removeCgroups)
	out, err := c.CombinedOutput()
	if c.ProcessState != nil && c.ProcessState.ExitCode() == 77 {
		t.Skipf("systemd does not run here: %s", out)
	}
	log := readFile(t, filepath.Join(dir, "log"))
	if err != nil || !strings.Contains(string(out), "ActiveState=active\n") || !strings.Contains(log, "msg=reloaded pipelines=1 started=[b] stopped=[a]") {
		t.Errorf("%v\n%s\nlog of the program:\n%s", err, out, log)
	}
}

// serviceOf returns the unit with nothing but how it is started and reloaded, for a
// configuration, and with a log beside it.
func serviceOf(t *testing.T, config string) string {
	t.Helper()
	text := "[Service]\nStandardError=file:%E/log\n"
	for line := range strings.Lines(readFile(t, "../configs/systemd/pmtud.service")) {
		switch name, _, _ := strings.Cut(line, "="); name {
		case "Type", "ExecReload", "WatchdogSec":
			text += line
		}
	}
	return text + "ExecStart=" + program + " run -c " + config + "\n"
}

// removeCgroups removes what underSystemd made, once nothing is in it.
func removeCgroups() {
	for _, pattern := range []string{"/sys/fs/cgroup/pmtud-test", "/sys/fs/cgroup/*/pmtud-test"} {
		roots, _ := filepath.Glob(pattern)
		for _, root := range roots {
			below, _ := filepath.Glob(root + "/*/*")
			more, _ := filepath.Glob(root + "/*")
			for _, path := range append(append(below, more...), root) {
				_ = unix.Rmdir(path)
			}
		}
	}
}
