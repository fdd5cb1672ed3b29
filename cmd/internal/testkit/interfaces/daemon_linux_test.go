package interfaces_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// daemon is the program on the host.
type daemon struct {
	*exec.Cmd
	dir string
	log pipelinetest.Buffer
}

func (d *daemon) page() string { return filepath.Join(d.dir, "http") }

// configure writes the configuration file and returns its path. To confine itself takes the program
// more than a second under emulation, and has its own tests.
func (d *daemon) configure(t *testing.T, pipelines string) string {
	t.Helper()
	file := filepath.Join(d.dir, "pmtud.yaml")
	text := fmt.Sprintf("control: off\nsandbox: off\nhttp: {listen: \"unix:%s\"}\npipelines: {%s}\n", d.page(), pipelines)
	netns.Must(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// pipeline configures the pipeline p.
func (w *world) pipeline(sources []string, sinks string) string {
	var b strings.Builder
	b.WriteString("p: {sources: [")
	for i, s := range sources {
		fmt.Fprintf(&b, "{%s, name: source%d}, ", s, i)
	}
	fmt.Fprintf(&b, "], filters: [{type: icmp-ptb}, {type: dedup, copies: 1, window: 10s, key: [router, flow, mtu]}], sinks: [%s]}", sinks)
	return b.String()
}

// start starts the program with pipelines and waits until it is ready.
func (w *world) start(t *testing.T, pipelines string) *daemon {
	t.Helper()
	d := w.launch(t, pipelines)
	await(t, "ready", func() bool { return strings.Contains(d.log.String(), "msg=ready") })
	return d
}

func (w *world) launch(t *testing.T, pipelines string) *daemon {
	t.Helper()
	d := &daemon{dir: t.TempDir()}
	d.Cmd = exec.Command(*program, "run", "-c", d.configure(t, pipelines))
	d.Stdout, d.Stderr = &d.log, &d.log
	netns.Must(t, w.host.Start(d.Cmd))
	t.Cleanup(func() {
		kill := time.AfterFunc(patience, func() { _ = d.Process.Kill() })
		defer kill.Stop()
		_ = d.Process.Signal(unix.SIGTERM) // it may have ended; if not, its log will have the counters
		_ = d.Wait()
		if t.Failed() {
			t.Logf("pipelines %s: %+v, log\n%s", pipelines, w.copies.read(), &d.log)
		}
	})
	return d
}

// end ends the program.
func (d *daemon) end(t *testing.T) {
	t.Helper()
	netns.Must(t, d.Process.Signal(unix.SIGTERM))
	if err := d.Wait(); err != nil {
		t.Errorf("%v, log\n%s", err, &d.log)
	}
}
