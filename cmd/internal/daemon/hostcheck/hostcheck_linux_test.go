package hostcheck_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/peerlist"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/sinks/broadcast"
	"github.com/pmtud/pmtud/sinks/inject"
	pcapsink "github.com/pmtud/pmtud/sinks/pcapfile"
	"github.com/pmtud/pmtud/sinks/peers"
	"github.com/pmtud/pmtud/sources/nflog"
	"github.com/pmtud/pmtud/sources/pcap"
	pcapsource "github.com/pmtud/pmtud/sources/pcapfile"
)

func TestMain(m *testing.M) { netns.Main(m) }

// stage returns a stage with the plugin's defaults after change.
func stage[S any](p pipeline.Plugin, change func(*S)) pipeline.Stage {
	settings := p.NewSettings().(*S)
	change(settings)
	return pipeline.Stage{Plugin: p, Settings: settings}
}

func source(stages ...pipeline.Stage) pipeline.Spec {
	return pipeline.Spec{Name: "p", Sources: stages}
}

func sink(s pipeline.Stage) pipeline.Spec {
	return pipeline.Spec{
		Name: "p", Sources: []pipeline.Stage{pipelinetest.Lend(nil, 1)}, Sinks: []pipeline.SinkStage{{Stage: s}},
	}
}

func captureFrom(name string) pipeline.Spec {
	return source(stage(pcap.Plugin(), func(s *pcap.Settings) { s.Interface = setting.InterfaceName(name) }))
}

func broadcastOn(name string) pipeline.Spec {
	return sink(stage(broadcast.Plugin(), func(s *broadcast.Settings) { s.Interface = setting.InterfaceName(name) }))
}

func injectAsFrom(name string) pipeline.Spec {
	return sink(stage(inject.Plugin(), func(s *inject.Settings) { s.AsFrom = setting.InterfaceName(name) }))
}

func readGroup(group uint16) pipeline.Spec {
	return source(stage(nflog.Plugin(), func(s *nflog.Settings) { s.Group = group }))
}

func writeTo(path string) pipeline.Spec {
	return sink(stage(pcapsink.Plugin(), func(s *pcapsink.Settings) { s.Path = path }))
}

func readFrom(path string) pipeline.Spec {
	return source(stage(pcapsource.Plugin(), func(s *pcapsource.Settings) { s.Path = []string{path} }))
}

func sendTo(addresses ...string) pipeline.Spec {
	return sink(stage(peers.Plugin(), func(s *peers.Settings) {
		for _, text := range addresses {
			var a peerlist.Address
			if err := a.UnmarshalText([]byte(text)); err != nil {
				panic(err)
			}
			s.Addresses = append(s.Addresses, a)
		}
	}))
}

// postTo has a sink that needs destinations.
func postTo(needs pipeline.Needs) pipeline.Spec {
	return sink(pipeline.Stage{Plugin: pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
		Type: "post",
		New:  func(struct{}, pipeline.Env) (pipeline.Sink, error) { return poster{needs: needs}, nil },
	})})
}

type poster struct {
	pipeline.Sink
	needs pipeline.Needs
}

func (p poster) Needs() pipeline.Needs { return p.needs }

// check checks specs on a host, and returns findings as lines of level, subject and
// the beginning of the state.
func check(t *testing.T, host *netns.NS, specs ...pipeline.Spec) (lines []string) {
	t.Helper()
	var pipelines []*pipeline.Pipeline
	for _, spec := range specs {
		p, err := pipeline.New(spec)
		netns.Must(t, err)
		pipelines = append(pipelines, p)
	}
	netns.Must(t, host.Do(func() error {
		for _, f := range hostcheck.Check(t.Context(), pipelines, hostcheck.Daemon{}) {
			if f.Level == hostcheck.Problem && f.Advice == "" && !strings.HasPrefix(f.Subject, "file ") {
				t.Errorf("no advice about %s, which %s", f.Subject, f.State)
			}
			state, _, _ := strings.Cut(f.State, ": ")
			lines = append(lines, f.Level.String()+" "+f.Subject+" "+state)
		}
		return nil
	}))
	return lines
}

// awaitCarrier waits until the kernel has noticed that both ends are up.
func awaitCarrier(t *testing.T, host *netns.NS, name string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		ifi, err := host.Interface(name)
		netns.Must(t, err)
		if ifi.Flags&net.FlagRunning != 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s has no carrier", name)
		}
	}
}

func TestCheck(t *testing.T) {
	host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
	netns.Must(t,
		netns.Veth(host, "eth0", wire, "eth0"),
		netns.Veth(host, "eth1", wire, "eth1"),
		host.SetMTU("eth0", 9000),
		host.Addr("eth0", "192.0.2.1/24", "2001:db8::1/64"),
		host.AltName("eth0", "lan"),
		host.Down("eth1"),
		host.Sysctl("net.ipv4.conf.all.rp_filter", "0"),
		host.Sysctl("net.ipv4.conf.eth0.rp_filter", "0"),
		host.Sysctl("net.ipv4.conf.eth1.rp_filter", "1"),
		host.Sysctl("net.ipv4.conf.eth1.drop_unicast_in_l2_multicast", "1"),
		host.Sysctl("net.ipv6.conf.eth1.drop_unicast_in_l2_multicast", "1"),
	)
	awaitCarrier(t, host, "eth0")
	taken, err := pipeline.New(readGroup(33))
	netns.Must(t, err)
	netns.Must(t, host.Do(func() error { return taken.Open(t.Context()) }))
	defer taken.Close()
	dir := t.TempDir()
	netns.Must(t, os.WriteFile(filepath.Join(dir, "a.pcap"), nil, 0o600))

	raw, admin := "ok capability CAP_NET_RAW is available", "ok capability CAP_NET_ADMIN is available"
	pmtu := "ok sysctl net.ipv4.ip_no_pmtu_disc is 0"
	for _, tc := range []struct {
		name string
		spec pipeline.Spec
		want []string
	}{
		{"capture", captureFrom("eth0"), []string{
			"ok interface eth0 is up, its MTU is 9000", "ok sysctl net.ipv4.conf.eth0.rp_filter is 0",
			"ok sysctl net.ipv4.conf.eth0.drop_unicast_in_l2_multicast is 0",
			"ok sysctl net.ipv6.conf.eth0.drop_unicast_in_l2_multicast is 0", raw, pmtu,
		}},
		{"down", captureFrom("eth1"), []string{
			"problem interface eth1 is down", "warning sysctl net.ipv4.conf.eth1.rp_filter is 1",
			"problem sysctl net.ipv4.conf.eth1.drop_unicast_in_l2_multicast is 1",
			"problem sysctl net.ipv6.conf.eth1.drop_unicast_in_l2_multicast is 1", raw, pmtu,
		}},
		{"by another name", captureFrom("lan"), []string{
			"ok interface lan is up, its MTU is 9000", "ok sysctl net.ipv4.conf.eth0.rp_filter is 0",
			"ok sysctl net.ipv4.conf.eth0.drop_unicast_in_l2_multicast is 0",
			"ok sysctl net.ipv6.conf.eth0.drop_unicast_in_l2_multicast is 0", raw, pmtu,
		}},
		{"not there", captureFrom("eth9"), []string{"problem interface eth9 does not exist", raw, pmtu}},
		{"broadcast", broadcastOn("eth0"), []string{
			"ok interface eth0 is up, its MTU is 9000", "ok sysctl net.ipv4.conf.eth0.rp_filter is 0",
			"ok sysctl net.ipv4.conf.eth0.drop_unicast_in_l2_multicast is 0",
			"ok sysctl net.ipv6.conf.eth0.drop_unicast_in_l2_multicast is 0", raw, pmtu,
		}},
		{"broadcast where copies are dropped", broadcastOn("eth1"), []string{
			"problem interface eth1 is down", "warning sysctl net.ipv4.conf.eth1.rp_filter is 1",
			"problem sysctl net.ipv4.conf.eth1.drop_unicast_in_l2_multicast is 1",
			"problem sysctl net.ipv6.conf.eth1.drop_unicast_in_l2_multicast is 1", raw, pmtu,
		}},
		{"inject", injectAsFrom("eth1"), []string{
			"problem interface eth1 is down", "warning sysctl net.ipv4.conf.eth1.rp_filter is 1",
			"problem sysctl net.ipv4.conf.eth1.drop_unicast_in_l2_multicast is 1",
			"problem sysctl net.ipv6.conf.eth1.drop_unicast_in_l2_multicast is 1", raw, admin, pmtu,
			"ok device pmtud0 can be created",
		}},
		{"inject as from an interface that is not there", injectAsFrom("eth9"), []string{
			"problem interface eth9 does not exist", raw, admin, pmtu, "ok device pmtud0 can be created",
		}},
		{"group taken", readGroup(33), []string{admin, "problem nflog group 33 is in use by another program", pmtu}},
		{"group free", readGroup(34), []string{admin, "ok nflog group 34 is free", pmtu}},
		{"file to write", writeTo(dir + "/b.pcap"), []string{"ok file " + dir + "/b.pcap can be written"}},
		{"no folder", writeTo(dir + "/x/b.pcap"), []string{"problem file " + dir + "/x/b.pcap can't be created"}},
		{"folder is a file", writeTo(dir + "/a.pcap/b.pcap"), []string{"problem file " + dir + "/a.pcap/b.pcap can't be created"}},
		{"file to read", readFrom(dir + "/a.pcap"), []string{"ok file " + dir + "/a.pcap can be read"}},
		{"no file", readFrom(dir + "/c.pcap"), []string{"problem file " + dir + "/c.pcap can't be read"}},
		{"pattern", readFrom(dir + "/*.pcap"), []string{"ok file " + dir + "/*.pcap can be read"}},
		{"pattern of nothing", readFrom(dir + "/*.cap"), []string{"problem file " + dir + "/*.cap matches no file"}},
		{"files that need not be there", postTo(pipeline.Needs{Files: []pipeline.File{
			{Path: dir + "/*.cap", Optional: true}, {Path: dir + "/c.pcap", Optional: true}, {Path: dir + "/*.pcap", Optional: true},
		}}), []string{"ok file " + dir + "/*.pcap can be read"}},
		{"peers", sendTo("192.0.2.2", "198.51.100.1", "2001:db8::2", "2001:db8:1::2"), []string{
			raw, "ok peer 192.0.2.2 has a route to 192.0.2.2", "problem peer 198.51.100.1 can't be reached at 198.51.100.1",
			"ok peer 2001:db8::2 has a route to 2001:db8::2", "problem peer 2001:db8:1::2 can't be reached at 2001:db8:1::2", pmtu,
		}},
		{"peers on a link", sendTo("fe80::2%eth0", "fe80::2%lan", "fe80::2%eth9"), []string{
			raw, "ok peer fe80::2%eth0 has a route to fe80::2%eth0", "ok peer fe80::2%lan has a route to fe80::2%lan",
			"problem peer fe80::2%eth9 can't be reached at fe80::2%eth9", pmtu,
		}},
		{"destinations", postTo(pipeline.Needs{TCP: []string{"192.0.2.2:443", "[2001:db8:1::2]:443"}, UDP: []string{"198.51.100.1:514"}}), []string{
			"ok destination 192.0.2.2:443 has a route to 192.0.2.2",
			"problem destination [2001:db8:1::2]:443 can't be reached at 2001:db8:1::2",
			"problem destination 198.51.100.1:514 can't be reached at 198.51.100.1",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, check(t, host, tc.spec)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCheckOnce has two pipelines that need the same.
func TestCheckOnce(t *testing.T) {
	host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
	netns.Must(t, netns.Veth(host, "eth0", wire, "eth0"))
	in, out := captureFrom("eth0"), broadcastOn("eth0")
	out.Name = "q"
	var pipelines []*pipeline.Pipeline
	for _, spec := range []pipeline.Spec{in, out} {
		p, err := pipeline.New(spec)
		netns.Must(t, err)
		pipelines = append(pipelines, p)
	}
	netns.Must(t, host.Do(func() error {
		f := hostcheck.Check(t.Context(), pipelines, hostcheck.Daemon{})[0]
		if diff := cmp.Diff([]string{"p/pcap", "q/broadcast"}, f.Stages); diff != "" || f.Subject != "interface eth0" {
			t.Errorf("%s is needed by (-want +got):\n%s", f.Subject, diff)
		}
		return nil
	}))
}

// TestCheckDots checks an interface whose name has a dot.
func TestCheckDots(t *testing.T) {
	host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
	netns.Must(t, netns.Veth(host, "eth0.100", wire, "eth0"))
	awaitCarrier(t, host, "eth0.100")
	lines := check(t, host, captureFrom("eth0.100"))
	if !strings.HasPrefix(strings.Join(lines, "\n"), "ok interface eth0.100 is up") || len(lines) < 4 {
		t.Errorf("findings %q", lines)
	}
}
