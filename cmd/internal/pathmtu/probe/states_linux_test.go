package probe_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/pathlab"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/probe"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestText reads what people are shown of each kind of path.
func TestText(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, tc := range []struct {
		name    string
		make    func(*pathlab.Path) error
		args    []string
		want    []string
		verdict int
	}{
		{
			"narrow", nothing,
			[]string{"--tcp", "80", pathlab.Server6},
			[]string{
				"Path to 2001:db8:3::2 from 2001:db8:1::2, interface MTU 1500\n hop  router               time    MTU\n   1  2001:db8:1::1 ",
				"reports MTU 1400\n", "Path MTU 1400: the host answers packets of this size. Routers report larger ones\n  as too big, as they should.\n",
				"TCP port 80: MSS 1440 offered, 1440 received, as for an MTU of 1500:",
				"Full-size segments of 1428 bytes are too big; after a router reported it,\n  segments of 1328 bytes arrive.\n",
				"packets of at most 1400 bytes to\n  2001:db8:3::2 for ten minutes. `pmtud cache` shows this.\n",
			},
			0,
		},
		{
			"black hole", func(p *pathlab.Path) error { return pathlab.Silence(p.First) },
			[]string{pathlab.Server4},
			[]string{"Black hole between hop 1 (192.0.2.1) and hop 2: packets of 1401 bytes or more\n  vanish, and no router reports it. Path MTU 1400.\n", "Remedy: "},
			1,
		},
		{
			"echoes allowed", func(p *pathlab.Path) error {
				return errors.Join(pathlab.Mute(p.Server), pathlab.Silence(p.First), p.Client.Sysctl("net.ipv4.ping_group_range", "0 0"))
			},
			[]string{pathlab.Server4},
			[]string{"Black hole between hop 1 (192.0.2.1) and hop 2", "the host\n"},
			1,
		},
		{
			"clamped", func(p *pathlab.Path) error { return pathlab.Clamp(p.First, 1419) },
			[]string{"--tcp", "80", pathlab.Server4},
			[]string{"TCP port 80: MSS 1460 offered, 1379 received: clamped to 1379, as for an MTU of\n  1419, "},
			0,
		},
		{
			"silent host", func(p *pathlab.Path) error { return pathlab.Mute(p.Server) },
			[]string{pathlab.Server4},
			[]string{"Silent: the host does not answer. Packets of 1400 bytes get as far as hop 2\n  (198.51.100.2). "},
			1,
		},
		{
			"silent host behind a black hole", func(p *pathlab.Path) error {
				return errors.Join(pathlab.Mute(p.Server), pathlab.Silence(p.First))
			},
			[]string{pathlab.Server6},
			[]string{"Black hole between hop 1 (2001:db8:1::1) and hop 2: packets of 1401 bytes"},
			1,
		},
		{
			"host that is not there", nothing,
			[]string{"203.0.113.9"},
			[]string{"Unreachable: host unreachable, says 198.51.100.2.\n"},
			1,
		},
		{
			"neighbor that is not there", nothing,
			[]string{"192.0.2.9"},
			[]string{"Unreachable: host unreachable, says this host: nobody on the link has the\n  address.\n"},
			1,
		},
		{
			"no route", func(p *pathlab.Path) error { return p.Client.DelRoute("0.0.0.0/0") },
			[]string{pathlab.Server4},
			[]string{"Failed: no route to 203.0.113.2: `ip route get 203.0.113.2` says why\n"},
			1,
		},
		{
			"an address of somebody else", nothing,
			[]string{"--from", "192.0.2.7", pathlab.Server4},
			[]string{"Failed: send from 192.0.2.7: this host has no such address\n"},
			1,
		},
		{
			"an anycast address", func(p *pathlab.Path) error {
				return errors.Join(
					p.Client.Addr("lo", "10.0.0.1/32"), p.First.Route("10.0.0.1/32", pathlab.Client4), p.Second.Route("10.0.0.1/32", "198.51.100.1"),
				)
			},
			[]string{"--from", "10.0.0.1", pathlab.Server4},
			[]string{"Path to 203.0.113.2 from 10.0.0.1, ", "Path MTU 1400: "},
			0,
		},
		{"a port that is closed", nothing, []string{"--tcp", "81", pathlab.Server4}, []string{"TCP port 81: connection refused.\n"}, 1},
		{
			"several", nothing,
			[]string{pathlab.Server4, pathlab.First6, "no-such-host.invalid"},
			[]string{"Path MTU 1400", "\n\nPath to 2001:db8:1::1 ", "Path MTU 1500", "\n\nPath to no-such-host.invalid\nFailed: look up \"no-such-host.invalid\": "},
			1,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := pathlab.New(t)
			netns.Must(t, tc.make(p))
			p.Serve(t, 80)
			begin := time.Now()
			out, status := asUser(t, p.Client, *program, append([]string{"probe"}, tc.args...)...)
			took := time.Since(begin)
			t.Logf("%v\n%s", took, out)
			if status != tc.verdict || took > bound {
				t.Errorf("exit status %d after %v, want %d", status, took, tc.verdict)
			}
			for _, want := range tc.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is missing in\n%s", want, out)
				}
			}
			for line := range strings.Lines(out) {
				if utf8.RuneCountInString(line) > 81 {
					t.Errorf("longer than 80 characters: %s", line)
				}
			}
		})
	}
}

func nothing(*pathlab.Path) error { return nil }

// TestInterrupt cancels a probe that would take long, and wants it to end at once.
func TestInterrupt(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	p := pathlab.New(t)
	netns.Must(t, pathlab.Mute(p.First), pathlab.Mute(p.Second), pathlab.Mute(p.Server))
	ctx, cancel := context.WithCancel(t.Context())
	var canceled time.Time
	err := p.Client.Do(func() error {
		_, err := probe.Run(ctx, probe.Options{
			Address: netip.MustParseAddr(pathlab.Server4), TCP: 80,
			Progress: func(text string) {
				if strings.HasPrefix(text, "hops") {
					canceled = time.Now()
					cancel()
				}
			},
		})
		return err
	})
	if !errors.Is(err, context.Canceled) || time.Since(canceled) > time.Second {
		t.Errorf("ended after %v: %v", time.Since(canceled), err)
	}
}
