package cmd_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// startRun starts the program with a configuration.
func startRun(t *testing.T, path string) *process {
	t.Helper()
	c := exec.Command(program, "run", "-c", path)
	c.Stdout = io.Discard
	return start(t, c)
}

// stop ends a program, which must not have failed.
func (p *process) stop() {
	p.t.Helper()
	p.signal(unix.SIGTERM)
	if status := p.end(); status != 0 {
		p.t.Errorf("exit status %d:\n%s", status, p.log())
	}
}

// endless is a pipeline of this name that reads a capture again and again.
func endless(t *testing.T, name string) string {
	t.Helper()
	return "pipelines: {" + name + ": {sources: [{type: pcap-file, path: " + vectors(t, "public.pcap") +
		", loop: true, speed: 100}], sinks: [{type: log}]}}\n"
}

func overwrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestReloadTellsMistakes wants a line for each mistake, and the old configuration to
// go on.
func TestReloadTellsMistakes(t *testing.T) {
	path := writeConfig(t, endless(t, "a"))
	p := startRun(t, path)
	p.await("msg=ready")
	overwrite(t, path, "colour: blue\n"+strings.Replace(endless(t, "a"), "speed", "sped", 1))
	p.signal(unix.SIGHUP)
	p.await("the old configuration stays in use")
	for _, want := range []string{
		`error="` + path + ":1:1: unknown setting `colour`",
		`error="` + path + ":2:",
		"did you mean `speed`?",
	} {
		if !strings.Contains(p.log(), want) {
			t.Errorf("%q is missing in\n%s", want, p.log())
		}
	}
	overwrite(t, path, endless(t, "b"))
	p.signal(unix.SIGHUP)
	p.await(`msg=reloaded pipelines=1 started=[b] stopped=[a]`)
	p.stop()
}

// TestReloadOfTopLevel changes settings that apply at once, and some that don't.
func TestReloadOfTopLevel(t *testing.T) {
	path := writeConfig(t, "http: {listen: \"127.0.0.1:0\"}\n"+endless(t, "a"))
	p := startRun(t, path)
	p.await("msg=ready")
	overwrite(t, path, "log: {format: json}\nuser: nobody\nhttp: {listen: \"127.0.0.2:0\"}\n"+endless(t, "a"))
	p.signal(unix.SIGHUP)
	p.await(`"msg":"reloaded","pipelines":1,"started":null,"stopped":null`)
	for _, want := range []string{
		`"msg":"changed setting takes effect only after a restart","setting":"user"`,
		`"msg":"serving metrics and health","address":"127.0.0.2:`,
	} {
		if !strings.Contains(p.log(), want) {
			t.Errorf("%s is missing in\n%s", want, p.log())
		}
	}
	overwrite(t, path, "log: {level: warn}\nsandbox: required\n"+endless(t, "a"))
	p.signal(unix.SIGHUP)
	p.await("level=WARN msg=\"changed setting takes effect only after a restart\" setting=sandbox")
	overwrite(t, path, "colour: blue\n")
	p.signal(unix.SIGHUP)
	p.await("unknown setting `colour`")
	if strings.Count(p.log(), "reloading") != 2 {
		t.Errorf("log is\n%s", p.log())
	}
	p.stop()
}

// TestReloadToAddressThatIsTaken wants nothing to change for want of an address.
func TestReloadToAddressThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	monitored := func(addr, pipelines string) string { return "http: {listen: \"" + addr + "\"}\n" + pipelines }
	path := writeConfig(t, "sandbox: off\n"+monitored("127.0.0.1:0", endless(t, "a")))
	p := startRun(t, path)
	p.await("msg=ready")
	_, addr, _ := strings.Cut(p.log(), "address=")
	addr, _, _ = strings.Cut(addr, "\n")
	overwrite(t, path, "sandbox: off\n"+monitored(taken.Addr().String(), endless(t, "b")))
	p.signal(unix.SIGHUP)
	p.await("listen tcp " + taken.Addr().String() + ": bind: address already in use")
	p.await("the old configuration stays in use")
	metrics := httpGet(t, "http://"+addr+"/metrics")
	for _, want := range []string{
		"pmtud_config_last_reload_successful 0\n", "pmtud_config_reload_failures_total 1\n", `pmtud_pipeline_running{pipeline="a"} 1` + "\n",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("%q is missing in\n%s", want, metrics)
		}
	}
	p.stop()
}

// TestReloadToAddressGivenUp asks a confined program for an address that it did not have
// at the start.
func TestReloadToAddressGivenUp(t *testing.T) {
	path := writeConfig(t, endless(t, "a"))
	p := startRun(t, path)
	p.await("msg=ready")
	if !strings.Contains(p.log(), "calls=seccomp") {
		t.Skip("the kernel has no seccomp")
	}
	overwrite(t, path, "http: {listen: \"127.0.0.1:0\"}\n"+endless(t, "b"))
	p.signal(unix.SIGHUP)
	p.await("the process gave up the right to it at its start; restart it to run this configuration")
	p.await("the old configuration stays in use")
	p.stop()
}

// httpGet returns the body of an answer.
func httpGet(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestDebugSignal switches lines of level debug on and off.
func TestDebugSignal(t *testing.T) {
	p := startRun(t, writeConfig(t, endless(t, "a")))
	p.await("msg=ready")
	p.signal(unix.SIGUSR1)
	p.await(`msg="log level changed" level=DEBUG`)
	p.signal(unix.SIGUSR1)
	p.await(`msg="log level changed" level=INFO`)
	p.stop()
}

// TestHangupDuringStart sends SIGHUP to a program that is just reading its
// configuration, from a pipe so that it has to wait.
func TestHangupDuringStart(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.yaml")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	write := func() *os.File { // returns when the program reads
		f, err := os.OpenFile(pipe, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	p := startRun(t, pipe)
	f := write()
	p.signal(unix.SIGHUP)
	io.WriteString(f, endless(t, "a"))
	f.Close()
	p.await("msg=ready")
	p.await("msg=reloading")
	f = write()
	io.WriteString(f, endless(t, "b"))
	f.Close()
	p.await("msg=reloaded pipelines=1 started=[b] stopped=[a]")
	p.stop()
}

// TestWatchConfigMap exchanges files as a kubelet does: the name in the folder is a
// link that leads through the link ..data, which is replaced by one rename.
func TestWatchConfigMap(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	dir := t.TempDir()
	link := func(to, at string) {
		if err := os.Symlink(to, filepath.Join(dir, at)); err != nil {
			t.Fatal(err)
		}
	}
	version := func(n, text string) {
		if err := os.Mkdir(filepath.Join(dir, n), 0o755); err != nil {
			t.Fatal(err)
		}
		overwrite(t, filepath.Join(dir, n, "pmtud.yaml"), text)
		link(n, "..data_tmp")
		if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	version("..1", "watch: true\n"+endless(t, "a"))
	link("..data/pmtud.yaml", "pmtud.yaml")
	for name, path := range map[string]string{"file": filepath.Join(dir, "pmtud.yaml"), "folder": dir} {
		t.Run(name, func(t *testing.T) {
			p := startRun(t, path)
			p.await("msg=ready")
			version("..2"+name, "watch: true\n"+endless(t, "b"))
			p.await("msg=reloaded pipelines=1 started=[b] stopped=[a]")
			version("..1"+name, "watch: true\n"+endless(t, "a"))
			if err := os.RemoveAll(filepath.Join(dir, "..2"+name)); err != nil {
				t.Fatal(err)
			}
			p.await("msg=reloaded pipelines=1 started=[a] stopped=[b]")
			p.stop()
		})
	}
}

// TestWatchReleases exchanges files as those do who keep a folder for each version, and a
// link to the one that counts.
func TestWatchReleases(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	dir := t.TempDir()
	use := func(version string) {
		link := filepath.Join(dir, "current")
		if err := os.Symlink(filepath.Join("versions", version), link+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link+".new", link); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range []string{"a", "b"} {
		if err := os.MkdirAll(filepath.Join(dir, "versions", version), 0o755); err != nil {
			t.Fatal(err)
		}
		overwrite(t, filepath.Join(dir, "versions", version, "pmtud.yaml"), "watch: true\n"+endless(t, version))
	}
	for name, path := range map[string]string{"file": filepath.Join(dir, "current", "pmtud.yaml"), "folder": filepath.Join(dir, "current")} {
		t.Run(name, func(t *testing.T) {
			use("a")
			p := startRun(t, path)
			p.await("msg=ready")
			use("b")
			p.await("msg=reloaded pipelines=1 started=[b] stopped=[a]")
			p.stop()
		})
	}
}

// TestWatchIncludedFile changes a file that is only named by a variable, and takes it away
// before there is another.
func TestWatchIncludedFile(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	path := writeConfig(t, "watch: true\n"+strings.Replace(endless(t, "a"), "speed: 100", `speed: "${file:speed}"`, 1))
	speed := filepath.Join(filepath.Dir(path), "speed")
	overwrite(t, speed, "100\n")
	p := startRun(t, path)
	p.await("msg=ready")
	overwrite(t, speed, "200\n")
	p.await("msg=reloaded pipelines=1 started=[a] stopped=[a]")
	if n := strings.Count(p.log(), "msg=reloading"); n != 1 {
		t.Errorf("%d reloads in\n%s", n, p.log())
	}
	if err := os.Remove(speed); err != nil {
		t.Fatal(err)
	}
	p.await("no such file or directory")
	overwrite(t, speed, "300\n")
	p.awaitTimes(2, "msg=reloaded pipelines=1 started=[a] stopped=[a]")
	p.stop()
}
