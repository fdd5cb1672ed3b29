package monitor_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// looked is a daemon with a control socket.
type looked struct {
	*daemon
	control.Client
	host   *netns.NS
	sender *flood.Sender
	forge  func(frame []byte)
	sent   uint64
}

// quickly is how long an answer may take.
const quickly = 100 * time.Millisecond

// limited is a pipeline that refuses nearly all of a flood.
const limited = `
pipelines:
  edge:
    sources: [{type: pcap, interface: eth0}]
    filters:
      - {type: icmp-ptb}
      - {type: mtu}
      - {type: src-rate, rate: 1}
      - {type: iface-rate, rate: 1000}
    sinks: [{type: broadcast, interface: eth0}]
`

func startLooked(t *testing.T, config string) *looked {
	t.Helper()
	l := newLAN(t)
	path := filepath.Join(t.TempDir(), "pmtud.sock")
	return &looked{
		daemon: start(t, l.host, "control: "+path+"\n"+config),
		Client: control.Client{Path: path}, host: l.host, sender: l.sender(t, 64), forge: flood.Forge,
	}
}

// flood sends so many messages a second for some time, as forge has them: each of another
// router, unless a test has its own.
func (l *looked) flood(t *testing.T, rate int, long time.Duration) {
	t.Helper()
	n, err := l.sender.Run(t.Context(), rate, long, l.forge)
	must(t, err)
	l.sent += uint64(n)
}

// settled waits until all that was sent is accounted for, and returns the pipeline.
func (l *looked) settled(t *testing.T) control.Pipeline {
	t.Helper()
	var p control.Pipeline
	eventually(t, "all packets are accounted for", func() bool {
		s, err := l.Status(t.Context())
		must(t, err)
		p = s.Pipelines[0]
		return p.Received.Total+p.Lost.Total >= l.sent
	})
	return p
}

// command runs a command of the program to its end.
func (l *looked) command(t *testing.T, args ...string) (string, time.Duration) {
	t.Helper()
	began := time.Now()
	out, err := exec.CommandContext(t.Context(), *program, append(args, "--control", l.Path)...).Output()
	took := time.Since(began)
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out), took
}

// TestLook asks a daemon under a flood, and compares what it says with what was sent.
func TestLook(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	l := startLooked(t, limited)
	var flooding sync.WaitGroup
	flooding.Go(func() { l.flood(t, 20_000, 4*time.Second) })
	time.Sleep(time.Second) // the flood's, for rates to be about

	for name, ask := range map[string]func() error{
		"status": func() error { _, err := l.Status(t.Context()); return err },
		"top":    func() error { _, err := l.Top(t.Context(), 10); return err },
		"tap":    func() error { return l.firstPackets(t.Context(), 5) },
	} {
		best := time.Hour // of several: the machine has other things to do
		for range 5 {
			began := time.Now()
			must(t, ask())
			best = min(best, time.Since(began))
		}
		t.Logf("%s is answered within %v", name, best)
		if best > quickly {
			t.Errorf("%s is answered within %v at best", name, best)
		}
	}
	for _, args := range [][]string{{"status"}, {"top", "--once"}, {"tap", "-n", "5"}} {
		out, took := l.command(t, args...)
		t.Logf("pmtud %s took %v:\n%s", strings.Join(args, " "), took, out)
	}
	f, err := l.Frame(t.Context(), 10)
	must(t, err)
	if r := f.Status.Pipelines[0].Received.Per10s; r < 5_000 || r > 22_000 {
		t.Errorf("%.0f packets a second were received of a flood of 20,000", r)
	}
	flooding.Wait()

	p := l.settled(t)
	if p.Received.Total+p.Lost.Total != l.sent {
		t.Errorf("%d were sent; %d received, %d lost", l.sent, p.Received.Total, p.Lost.Total)
	}
	if p.Received.Total != p.Forwarded.Total+p.Dropped.Total {
		t.Errorf("%d received, %d forwarded, %d dropped", p.Received.Total, p.Forwarded.Total, p.Dropped.Total)
	}
	l.compareMetrics(t, p)
	top, err := l.Top(t.Context(), 100)
	must(t, err)
	lists := top.Pipelines[0]
	if n := lists.MTUs.Total; n < l.sent*9/10 || n > l.sent*11/10 {
		t.Errorf("%d were sent, the lists know of %d", l.sent, n)
	}
	if lists.Targets.Keys[0].Share < 0.99 {
		t.Errorf("all packets have the same target: %+v", lists.Targets.Keys[0])
	}
	if n := len(lists.Routers.Keys); n != 100 {
		t.Errorf("%d routers, each message has another", n)
	}
}

// firstPackets reads n packets of a tap.
func (l *looked) firstPackets(ctx context.Context, n int) error {
	body, err := l.Tap(ctx, control.TapQuery{Verdict: "drop", Stage: "iface-rate"})
	if err != nil {
		return err
	}
	defer body.Close()
	for lines := bufio.NewScanner(body); n > 0; n-- {
		if !lines.Scan() {
			return io.ErrUnexpectedEOF
		}
		if strings.HasPrefix(lines.Text(), `{"missed"`) {
			n++
			continue
		}
		var p struct{ Pipeline, Verdict, Stage, Router string }
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			return err
		}
		if p.Pipeline != "edge" || p.Verdict != "drop" || p.Stage != "iface-rate" || p.Router == "" {
			return fmt.Errorf("selected was %s", lines.Text())
		}
	}
	return nil
}

// compareMetrics compares a pipeline with the counters for Prometheus, each reason.
func (l *looked) compareMetrics(t *testing.T, p control.Pipeline) {
	t.Helper()
	metrics := l.get(t, "/metrics").Body
	dropped := regexp.MustCompile(`(?m)^pmtud_dropped_packets_total\{pipeline="edge",reason="([^"]*)",stage="([^"]*)"\} (\S+)$`)
	all := map[string]float64{}
	for _, m := range dropped.FindAllStringSubmatch(metrics, -1) {
		n, err := strconv.ParseFloat(m[3], 64)
		must(t, err)
		all[m[2]+" "+m[1]] = n
	}
	if len(all) == 0 {
		t.Fatalf("no counters of drops in\n%s", metrics)
	}
	for _, f := range p.Filters {
		for _, r := range f.Dropped {
			if n := all[f.Name+" "+r.Reason]; n != float64(r.Total) {
				t.Errorf("%s %s: status has %d, metrics have %v", f.Name, r.Reason, r.Total, n)
			}
		}
	}
}

// TestManyLook has ten clients look at a daemon, one of which never reads. No message is
// lost, and what that one misses is told.
func TestManyLook(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	l := startLooked(t, limited)
	ctx, cancel := context.WithCancel(t.Context())
	stopped, err := l.Tap(ctx, control.TapQuery{Rate: 10_000, Data: true})
	must(t, err)
	var looking sync.WaitGroup
	for range 5 {
		looking.Go(func() {
			body, err := l.Tap(ctx, control.TapQuery{})
			if err == nil {
				_, _ = io.Copy(io.Discard, body) // until the test ends it
			}
		})
	}
	for range 4 {
		looking.Go(func() {
			for ctx.Err() == nil {
				_, _ = l.Frame(ctx, 50)
			}
		})
	}
	l.flood(t, 20_000, 3*time.Second)
	p := l.settled(t)
	if p.Lost.Total > 0 || p.Received.Total != l.sent {
		t.Errorf("%d were sent; %d received, %d lost", l.sent, p.Received.Total, p.Lost.Total)
	}
	var missed control.Missed
	for lines := bufio.NewScanner(stopped); missed.Lost == 0 && lines.Scan(); {
		if text, ok := bytes.CutPrefix(lines.Bytes(), []byte(`{"missed":`)); ok {
			must(t, json.Unmarshal(bytes.TrimSuffix(text, []byte("}")), &missed))
		}
	}
	if missed.Lost == 0 {
		t.Error("who reads nothing is not told what was lost")
	}
	cancel()
	looking.Wait()
}

// TestTapWrite writes pcapng, whose packets are those that were sent.
func TestTapWrite(t *testing.T) {
	l := startLooked(t, strings.ReplaceAll(limited, "rate: 1}", "rate: 100000}"))
	file := filepath.Join(t.TempDir(), "tap.pcapng")
	var stdout bytes.Buffer
	c := exec.CommandContext(t.Context(), *program, "tap", "-n", "3", "--write", "-", "--control", l.Path)
	c.Stdout = &stdout
	must(t, c.Start())
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for done := false; !done; {
		must(t, l.sender.Send(0))
		select {
		case err := <-ended:
			must(t, err)
			done = true
		case <-time.After(10 * time.Millisecond):
		}
	}
	must(t, os.WriteFile(file, stdout.Bytes(), 0o600))
	out, err := exec.CommandContext(t.Context(), *program, "replay", "--verdicts", "-", file).Output()
	must(t, err)
	lines := slices.Collect(strings.Lines(string(out)))
	if len(lines) < 3 || !strings.Contains(lines[0], `"router":"203.0.113.1","target":"192.0.2.1","mtu":1400`) {
		t.Errorf("replay says\n%s", out)
	}
}
