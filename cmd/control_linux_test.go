package cmd_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
)

// askStatus asks a running daemon by the program itself.
func askStatus(t *testing.T, socket string) (s control.Status) {
	t.Helper()
	out, err := exec.Command(program, "status", "--format", "json", "--control", socket).Output()
	if err != nil && len(out) == 0 {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// socketFolder returns a folder for a socket, whose path is short.
func socketFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pmtud")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// TestControlThroughReloads asks a daemon that is confined, after good and bad reloads.
func TestControlThroughReloads(t *testing.T) {
	socket := filepath.Join(socketFolder(t), "p.sock")
	set := "control: " + socket + "\n"
	path := writeConfig(t, set+endless(t, "a"))
	p := startRun(t, path)
	p.await("msg=ready")
	s := askStatus(t, socket)
	if s.PID != p.Process.Pid || s.Config.Reloads != 0 || !s.Config.LastGood || len(s.Pipelines) != 1 || s.Pipelines[0].Name != "a" {
		t.Errorf("at the start: %+v", s)
	}
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("socket: %v, %v", info, err)
	}

	overwrite(t, path, set+endless(t, "b"))
	p.signal(unix.SIGHUP)
	p.await("msg=reloaded")
	if s = askStatus(t, socket); s.Config.Reloads != 1 || s.Config.Failures != 0 || s.Pipelines[0].Name != "b" {
		t.Errorf("after a reload: %+v", s)
	}

	overwrite(t, path, set+"colour: blue\n"+endless(t, "c"))
	p.signal(unix.SIGHUP)
	p.await("the old configuration stays in use")
	if s = askStatus(t, socket); s.Config.LastGood || s.Config.Failures != 1 || !strings.Contains(s.Config.Error, "colour") || s.Pipelines[0].Name != "b" {
		t.Errorf("after a bad reload: %+v", s)
	}
	if got := run(t, "status", "--control", socket); got.status != 1 || !strings.Contains(got.stdout, "! the last reload failed") {
		t.Errorf("after a bad reload: exit status %d:\n%s", got.status, got.stdout)
	}

	overwrite(t, path, "control: "+socket+"2\n"+endless(t, "b"))
	p.signal(unix.SIGHUP)
	p.await("setting=control")
	askStatus(t, socket)
	p.stop()
}

// TestControlIsTaken starts daemons whose socket is another's, one that lives and one that
// is dead.
func TestControlIsTaken(t *testing.T) {
	socket := filepath.Join(socketFolder(t), "p.sock")
	path := writeConfig(t, "control: "+socket+"\n"+endless(t, "a"))
	first := startRun(t, path)
	first.await("msg=ready")
	second := startRun(t, path)
	second.await("msg=ready")
	if !strings.Contains(second.log(), "no control socket") || !strings.Contains(second.log(), "another program listens") {
		t.Errorf("the second says\n%s", second.log())
	}
	if s := askStatus(t, socket); s.PID != first.Process.Pid {
		t.Errorf("process %d answers, the first is %d", s.PID, first.Process.Pid)
	}
	second.stop()
	if s := askStatus(t, socket); s.PID != first.Process.Pid {
		t.Errorf("process %d answers, the first is %d", s.PID, first.Process.Pid)
	}
	first.signal(unix.SIGKILL)
	first.end()
	third := startRun(t, path)
	third.await("msg=ready")
	if s := askStatus(t, socket); s.PID != third.Process.Pid {
		t.Errorf("process %d answers, the third is %d", s.PID, third.Process.Pid)
	}
	third.stop()
}

// TestControlOption wants the option to come before the setting, and off to mean it.
func TestControlOption(t *testing.T) {
	dir := socketFolder(t)
	path := writeConfig(t, "control: "+dir+"/setting.sock\n"+endless(t, "a"))
	p := start(t, exec.Command(program, "run", "-c", path, "--control", dir+"/option.sock"))
	p.await("msg=ready")
	askStatus(t, dir+"/option.sock")
	p.stop()
	p = start(t, exec.Command(program, "run", "-c", path, "--control", "off"))
	p.await("msg=ready")
	if left, err := filepath.Glob(dir + "/setting.sock"); err != nil || len(left) > 0 || strings.Contains(p.log(), "control") {
		t.Errorf("%v, %v, log:\n%s", left, err, p.log())
	}
	p.stop()
	got := run(t, "--iface", "eth0", "--control", "/run/x.sock", "--print-config")
	if got.status != 0 || !strings.Contains(got.stdout, "control: /run/x.sock\n") {
		t.Errorf("exit status %d:\n%s%s", got.status, got.stdout, got.stderr)
	}
	if got = run(t, "--iface", "eth0", "--c", "0", "--print-config"); got.status != 0 || !strings.Contains(got.stdout, "cpu: 0\n") {
		t.Errorf("--c is not short for --cpu: exit status %d:\n%s%s", got.status, got.stdout, got.stderr)
	}
}
