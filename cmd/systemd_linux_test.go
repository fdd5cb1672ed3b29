package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	overwrite(t, unit, serviceOf(t, program, config))
	next := filepath.Join(dir, "next.yaml")
	overwrite(t, next, endless(t, "b"))

	out, err := runUnderSystemd(t, dir, fmt.Sprintf(`
		systemctl --user start pmtud
		cp %s %s
		systemctl --user reload pmtud
		systemctl --user show pmtud -p ActiveState,Result
		systemctl --user stop pmtud`, next, config))
	log := readFile(t, filepath.Join(dir, "log"))
	if err != nil || !strings.Contains(string(out), "ActiveState=active\n") || !strings.Contains(log, "msg=reloaded pipelines=1 started=[b] stopped=[a]") {
		t.Errorf("%v\n%s\nlog of the program:\n%s", err, out, log)
	}
}

// runUnderSystemd runs commands beside a service manager, whose units are in dir.
func runUnderSystemd(t *testing.T, dir, commands string) (out []byte, err error) {
	t.Helper()
	c := exec.Command("/bin/sh", "-c", underSystemd, "sh", commands)
	c.Env = append(os.Environ(), "XDG_CONFIG_HOME="+dir, "XDG_RUNTIME_DIR=/run/user")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID, Unshareflags: unix.CLONE_NEWNS}
	t.Cleanup(removeCgroups)
	out, err = c.CombinedOutput()
	if c.ProcessState != nil && c.ProcessState.ExitCode() == 77 {
		t.Skipf("systemd does not run here: %s", out)
	}
	return out, err
}

// left are the ways out that the unit's filter of system calls leaves open: it takes exec to
// start the program, bpf until everything is open, and clone, kill and prlimit for its own threads,
// signals and limits.
// The other settings of the unit leave neither files nor other processes of the same user.
var left = []string{
	"kernel: bpf", "landlock: connect", "landlock: read", "landlock: write", "memory: code",
	"processes: exec", "processes: fork", "processes: kill", "processes: prlimit", "processes: tgkill",
	"sockets: MSG_FASTOPEN", "sockets: MSG_FASTOPEN of sendmsg", "sockets: abstract", "sockets: listen",
	"sockets: netfilter", "sockets: pair", "sockets: raw", "sockets: unix",
}

// TestUnitEscapes has the installed version of systemd run a plugin that was taken over with
// the system calls that the unit allows. What the unit alone does not refuse the program's
// own sandbox does.
func TestUnitEscapes(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	if _, err := os.Stat(systemdManager); err != nil || os.Getuid() != 0 {
		t.Skip("needs root and systemd")
	}
	binary := buildEscape(t)
	for mode, want := range map[string][]string{"off": left, "auto": nil} {
		t.Run(mode, func(t *testing.T) {
			o, dir := newOutside(t, 0), t.TempDir()
			config := writeConfig(t, "sandbox: "+mode+"\n"+
				strings.Replace(o.config, fmt.Sprintf("victim: %d", o.victim.Process.Pid), "victim: \"${VICTIM}\"", 1))
			unit := filepath.Join(dir, "systemd", "user", "pmtud.service")
			if err := os.MkdirAll(filepath.Dir(unit), 0o755); err != nil {
				t.Fatal(err)
			}
			overwrite(t, unit, serviceOf(t, binary, config))
			out, err := runUnderSystemd(t, dir, `
				sleep 1000 &
				systemctl --user set-environment VICTIM=$!
				systemctl --user start pmtud
				for _ in $(seq 300); do
					! grep -q "all ways were tried" "$XDG_CONFIG_HOME/log" || break
					sleep 0.1
				done
				systemctl --user stop pmtud`)
			log := readFile(t, filepath.Join(dir, "log"))
			if err != nil || !strings.Contains(log, "all ways were tried") {
				t.Fatalf("%v\n%s\nlog of the program:\n%s", err, out, log)
			}
			for way, result := range resultsIn(log) {
				if !slices.Contains(refusals, result) && !slices.Contains(want, way) {
					t.Errorf("%s: %s", way, result)
				}
			}
		})
	}
}

// serviceOf returns the unit with how it is started and reloaded, and what system calls it
// refuses, for a program and a configuration, and with a log beside it.
func serviceOf(t *testing.T, binary, config string) string {
	t.Helper()
	text := "[Service]\nStandardError=file:%E/log\n"
	for line := range strings.Lines(readFile(t, "../configs/systemd/pmtud.service")) {
		name, _, ok := strings.Cut(line, "=")
		switch {
		case !ok || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(name, "SystemCall"), slices.Contains(kept, name):
			text += line
		}
	}
	return text + "ExecStart=" + binary + " run -c " + config + "\n"
}

// kept are the unit's settings that a manager in namespaces can give.
var kept = []string{
	"Type", "ExecReload", "WatchdogSec", "NoNewPrivileges", "MemoryDenyWriteExecute", "RestrictNamespaces",
	"RestrictAddressFamilies", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality", "CapabilityBoundingSet", "AmbientCapabilities",
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
