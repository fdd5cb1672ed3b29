package nats_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/pmtud/pmtud/configs"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/natslink"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/natsserver"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	sink "github.com/pmtud/pmtud/sinks/nats"
	"github.com/pmtud/pmtud/sources/nats"
)

// TestSinkAndSource has a sink's messages come to a source, over the server of this process and
// over a nats-server program, such as Debian's, with the accounts and permissions of configs/nats.
func TestSinkAndSource(t *testing.T) {
	for name, start := range map[string]func(*testing.T, string){
		"program": runProgram,
		"process": runProcess,
	} {
		t.Run(name, func(t *testing.T) {
			in := settings(t)
			in.User, in.Pass = "pmtud-receive", "b"
			start(t, hub(t))
			out := sink.Plugin().NewSettings().(*sink.Settings)
			out.Settings = in.Settings
			out.User, out.Pass = "pmtud-send", "a"
			for _, s := range []*natslink.Settings{&in.Settings, &out.Settings} {
				netns.Must(t, s.Subject.UnmarshalText([]byte("pmtud.ptb.{target}")))
			}
			source := startPair(t, in)
			built, err := sink.Plugin().Build(out, pipelinetest.Env(t)) // as of another host
			netns.Must(t, err)
			publisher := built.(*sink.Sink)
			netns.Must(t, publisher.Open(t.Context()))
			t.Cleanup(func() { netns.Must(t, publisher.Close()) })
			pipelinetest.Eventually(t, func() bool { return publisher.Health() == nil && publisher.Conn() != nil })
			failed := make([]pipeline.Reason, 1)
			p := pipelinetest.PTB{}.Packet(pipeline.InstantOf(time.Now()))
			p.Decode()
			p.Clock = p.Time
			publisher.Deliver([]*pipeline.Packet{&p}, failed)
			if failed[0] != pipeline.Pass {
				t.Fatalf("reason %d", failed[0])
			}
			source.ID(t)
			// And to nothing else.
			netns.Must(t, publisher.Conn().Publish("other.subject", nil), publisher.Conn().Flush())
			pipelinetest.Eventually(t, func() bool { return publisher.Health() != nil })
		})
	}
}

// startPair starts the source and waits until it is connected.
func startPair(t *testing.T, s *nats.Settings) source {
	t.Helper()
	in := start(t, s, pipelinetest.Env(t))
	pipelinetest.Eventually(t, func() bool { return in.Measured("connected", "") == 1 })
	return in
}

// hub returns a folder with the configurations of configs/nats.
func hub(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range configs.NATS() {
		netns.Must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	for name, value := range map[string]string{"SEND": "a", "RECEIVE": "b", "LEAF": "c"} {
		t.Setenv("PMTUD_NATS_"+name, value)
	}
	return filepath.Join(dir, "hub.conf")
}

func runProgram(t *testing.T, config string) {
	program, err := exec.LookPath("nats-server")
	if err != nil {
		t.Skip("needs the program nats-server, such as that of Debian's package of this name")
	}
	c := exec.Command(program, "-c", config)
	log := new(pipelinetest.Buffer)
	c.Stdout, c.Stderr = log, log
	netns.Must(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // it was killed
		if t.Failed() {
			t.Log(log)
		}
	})
}

func runProcess(t *testing.T, config string) {
	p, err := natsserver.Run(natsserver.Command(config), (*exec.Cmd).Start)
	netns.Must(t, err)
	t.Cleanup(func() { netns.Must(t, p.Kill()) })
}
