package probe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/pathlab"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/probe"
	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// bound is what any path may take.
const bound = 10 * time.Second

// TestPaths probes paths of all kinds as an ordinary user, beside tracepath.
func TestPaths(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, tc := range []struct {
		name      string
		make      func(*pathlab.Path) error
		tracepath string // its last "pmtu"; it takes what ICMP says for the truth
		want      summary
		status    int
	}{
		{
			"nothing is narrow", func(p *pathlab.Path) error {
				return errors.Join(p.First.SetMTU("eth1", 1500), p.Second.SetMTU("eth0", 1500))
			},
			"1500",
			summary{verdict: probe.OK, mtu: 1500, hops: "1500 1500 1500", segments: probe.Arrived},
			0,
		},
		{
			"a narrow link whose router says so, and nobody rewrites the MSS", func(*pathlab.Path) error { return nil },
			"1400",
			summary{
				verdict: probe.OK, mtu: 1400, hops: "1500 1400 1400", said: "1400 by hop 1", segments: probe.Shrunk,
			},
			0,
		},
		{
			"a narrow link and a silent router", func(p *pathlab.Path) error { return pathlab.Silence(p.First) },
			"1500",
			summary{
				verdict: probe.BlackHole, mtu: 1400, hops: "1500 1400 1400", hole: "1 to 2: 1400, not 1401", segments: probe.Lost,
			},
			1,
		},
		{
			"a narrow link and a router that says nothing at all", func(p *pathlab.Path) error {
				return errors.Join(pathlab.Silence(p.First), pathlab.Mute(p.First))
			},
			"1500",
			summary{
				verdict: probe.BlackHole, mtu: 1400, hops: "- 1400 1400", hole: "0 to 2: 1400, not 1401", segments: probe.Lost,
			},
			1,
		},
		{
			"a firewall here drops what the router says", func(p *pathlab.Path) error { return pathlab.Deafen(p.Client) },
			"1500",
			summary{
				verdict: probe.BlackHole, mtu: 1400, hops: "1500 1400 1400", hole: "1 to 2: 1400, not 1401", segments: probe.Lost,
			},
			1,
		},
		{
			"a silent router that clamps the MSS", func(p *pathlab.Path) error {
				return errors.Join(pathlab.Silence(p.First), pathlab.Clamp(p.First, 1400))
			},
			"1500",
			summary{
				verdict: probe.BlackHole, mtu: 1400, hops: "1500 1400 1400", hole: "1 to 2: 1400, not 1401",
				clamped: 1400, segments: probe.Arrived,
			},
			1,
		},
		{
			"clamped to 1419", func(p *pathlab.Path) error {
				return errors.Join(
					p.First.SetMTU("eth1", 1419), p.Second.SetMTU("eth0", 1419), pathlab.Clamp(p.First, 1419),
				)
			},
			"1419",
			summary{
				verdict: probe.OK, mtu: 1419, hops: "1500 1419 1419", said: "1419 by hop 1", clamped: 1419, segments: probe.Arrived,
			},
			0,
		},
		{
			"an odd black hole behind a narrow link", func(p *pathlab.Path) error {
				return errors.Join(p.Second.SetMTU("eth1", 1333), p.Server.SetMTU("eth0", 1333), pathlab.Silence(p.Second))
			},
			"1400",
			summary{
				verdict: probe.BlackHole, mtu: 1333, hops: "1500 1400 1333", said: "1400 by hop 1", hole: "2 to 3: 1333, not 1334",
				clamped: 1333, segments: probe.Arrived,
			},
			1,
		},
	} {
		for _, family := range []struct{ name, host string }{{"IPv4", pathlab.Server4}, {"IPv6", pathlab.Server6}} {
			t.Run(tc.name+", "+family.name, func(t *testing.T) {
				t.Parallel()
				p := pathlab.New(t)
				netns.Must(t, tc.make(p))
				p.Serve(t, 80)
				begin := time.Now()
				out, status := asUser(t, p.Client, *program, "probe", family.host, "--tcp", "80", "--format", "json")
				took := time.Since(begin)
				got := parse(t, out)
				t.Logf("%v: %+v", took.Round(time.Millisecond), summarize(got))
				if took > bound {
					t.Errorf("took %v", took)
				}
				if s := summarize(got); s != tc.want || status != tc.status {
					t.Errorf("exit status %d, want %d\n got %+v\nwant %+v\n%s", status, tc.status, s, tc.want, out)
				}
				if tc.want.said != "" && (got.Learned == nil || got.Learned.MTU != got.Narrowings[0].MTU || got.Learned.Seconds != 600) {
					t.Errorf("learned %+v", got.Learned)
				}
				compareTracepath(t, p.Client, family.host, tc.tracepath)
			})
		}
	}
}

// summary is what a test wants of a path.
type summary struct {
	verdict  probe.Verdict
	mtu      int
	hops     string // the MTU of each
	said     string // narrowings
	hole     string
	clamped  int
	segments probe.Segments
}

func summarize(p *probe.Path) summary {
	s := summary{verdict: p.Verdict, mtu: p.MTU}
	var hops, said []string
	for _, h := range p.Hops {
		text := "-"
		if h.Router.IsValid() {
			text = fmt.Sprint(h.MTU)
		}
		hops = append(hops, text)
	}
	for _, n := range p.Narrowings {
		said = append(said, fmt.Sprintf("%d by hop %d", n.MTU, n.Hop))
	}
	s.hops, s.said = strings.Join(hops, " "), strings.Join(said, ", ")
	if h := p.Hole; h != nil {
		s.hole = fmt.Sprintf("%d to %d: %d, not %d", h.AfterHop, h.BeforeHop, h.Passes, h.Vanishes)
	}
	if p.TCP != nil {
		s.clamped, s.segments = p.TCP.ClampedFor, p.TCP.Segments
	}
	return s
}

func parse(t *testing.T, out string) *probe.Path {
	t.Helper()
	var report struct{ Paths []*probe.Path }
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Paths) != 1 {
		t.Fatalf("%v:\n%s", err, out)
	}
	return report.Paths[0]
}

// asUser runs a command as an ordinary user and returns its output and exit status.
func asUser(t *testing.T, ns *netns.NS, name string, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*bound)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	var out, stderr bytes.Buffer
	c.Stdout, c.Stderr = &out, &stderr
	netns.Must(t, pathlab.StartAsUser(ns, c))
	if err := c.Wait(); err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	if stderr.Len() > 0 {
		t.Logf("%s %v: %s", name, args, &stderr)
	}
	return out.String(), c.ProcessState.ExitCode()
}

var pmtu = regexp.MustCompile(`pmtu (\d+)`)

// compareTracepath notes what tracepath says. It ends after the
// three hops that there are, where a host that it can't reach would take a minute and a half.
func compareTracepath(t *testing.T, ns *netns.NS, host, want string) {
	t.Helper()
	path := programtest.Tool(t, "tracepath")
	begin := time.Now()
	out, _ := asUser(t, ns, path, "-n", "-m", "3", host)
	found := pmtu.FindAllStringSubmatch(out, -1)
	if len(found) == 0 {
		t.Fatalf("tracepath says\n%s", out)
	}
	got := found[len(found)-1][1]
	t.Logf("tracepath: %v, %s", time.Since(begin).Round(time.Millisecond), got)
	if got != want {
		t.Errorf("tracepath says %s, want %s:\n%s", got, want, out)
	}
}
