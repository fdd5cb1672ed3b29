package circles_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"

	"github.com/pmtud/pmtud/cmd/internal/daemon/cluster"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// canaries is the beginning of the configuration of host i.
func canaries(t *testing.T, i int, interval string) (text, socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	return fmt.Sprintf("canary: {interval: %s, name: host%d}\ncontrol: %s\nhttp: {listen: \"127.0.0.1:9342\"}\n", interval, i, socket), socket
}

// status asks the daemon at a control socket.
func status(t *testing.T, socket string) control.Status {
	t.Helper()
	s, err := control.Client{Path: socket}.Status(t.Context())
	netns.Must(t, err)
	return s
}

// hears reports whether a server is heard by all of these ways.
func hears(s control.Status, name string, ways ...string) bool {
	for _, p := range s.Canary.Peers {
		if p.Name != name {
			continue
		}
		heard := map[string]bool{}
		for _, w := range p.Ways {
			heard[w.Way] = w.Heard
		}
		for _, w := range ways {
			if !heard[w] {
				return false
			}
		}
		return true
	}
	return false
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(timeout); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after %v: %s", timeout, what)
		}
	}
}

// get asks the server of a host.
func (h *host) get(t *testing.T, path string) (code int, text string) {
	t.Helper()
	client := http.Client{Timeout: timeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return h.Dial(ctx, network, "", address)
		},
	}}
	answer, err := client.Get("http://127.0.0.1:9342" + path)
	netns.Must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	netns.Must(t, err)
	return answer.StatusCode, string(body)
}

// TestCanaries has three hosts that broadcast, relay, publish and send to peers all that they capture and, wrongly, all that
// other hosts hand over. Each hears the others by all four ways. On the wire there is nothing but what sinks
// were given to send: nobody forwards a canary. No kernel believes one.
func TestCanaries(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	const hosts = 3
	l := newLAN(t, hosts)
	published := l.addNATS(t)
	var sockets, configs []string
	for i, h := range l.hosts {
		global, socket := canaries(t, i, "1s")
		config := strings.Replace(everywhere(l, i), "{type: broadcast, interface: eth0}, ", "{type: broadcast, interface: eth0}, "+peersOf(l, i)+", ", 1)
		sockets, configs = append(sockets, socket), append(configs, global+config)
		h.start(t, configs[i])
	}
	for i, socket := range sockets {
		for j := range hosts {
			if i != j {
				eventually(t, fmt.Sprintf("host %d hears host %d by all ways", i, j), func() bool {
					return hears(status(t, socket), fmt.Sprint("host", j), "broadcast", "peers", "relay", "nats")
				})
			}
		}
		if n := len(status(t, socket).Canary.Peers); n != hosts-1 {
			t.Errorf("host %d hears %d", i, n)
		}
	}

	for i, h := range l.hosts { // the same pipelines go on, and no more canaries come soon
		h.reload(t, strings.Replace(configs[i], "interval: 1s", "interval: 1h", 1))
	}
	ptbs, datagrams, messages := settled(&l.ptbs, 1), settled(&l.datagrams, 1), settled(published, 1)
	var want struct{ ptbs, datagrams, messages int }
	for _, socket := range sockets {
		for _, p := range status(t, socket).Pipelines {
			for _, s := range p.Sinks {
				if s.Offered.Total != 0 && s.Name != "log" {
					t.Errorf("sink %s was given %d packets", s.Name, s.Offered.Total)
				}
				const versions = 2
				switch {
				case s.Canaries == nil:
				case s.Name == "broadcast":
					want.ptbs += versions * int(s.Canaries.Sent)
				case s.Name == "nats":
					want.messages += versions * int(s.Canaries.Sent)
				}
			}
			for _, f := range p.Figures {
				switch {
				case f.Kind != "sink" || f.Label != "peer" || !strings.HasPrefix(f.Name, "sent_"):
				case f.Stage == "peers":
					want.ptbs += int(f.Value)
				case f.Stage == "relay":
					want.datagrams += int(f.Value)
				}
			}
		}
	}
	if ptbs != want.ptbs || datagrams != want.datagrams || messages != want.messages {
		t.Errorf("on the wire %d messages, %d datagrams and %d to NATS, the sinks sent %+v", ptbs, datagrams, messages, want)
	}
	for i, h := range l.hosts {
		if out := h.stdout.String(); out != "" {
			t.Errorf("host %d let canaries pass:\n%s", i, out)
		}
		h.checkUnimpressed(t)
	}
}

// peersOf returns a sink that sends to the other hosts.
func peersOf(l *lan, i int) string {
	var addresses []string
	for j := range l.hosts {
		if j != i {
			addresses = append(addresses, first4(j), first6(j))
		}
	}
	return `{type: peers, unlimited: true, addresses: ["` + strings.Join(addresses, `", "`) + `"]}`
}

// checkUnimpressed checks that the kernel has learned no path MTU.
func (h *host) checkUnimpressed(t *testing.T) {
	t.Helper()
	var out strings.Builder
	c := exec.Command(*program, "cache", "list", "--format", "json")
	c.Stdout, c.Stderr = &out, &out
	netns.Must(t, h.Start(c), c.Wait())
	var learned struct{ Entries []any }
	if err := json.Unmarshal([]byte(out.String()), &learned); err != nil || len(learned.Entries) > 0 {
		t.Errorf("the kernel has learned: %s (%v)", &out, err)
	}
}

// matrix is what pmtud doctor --cluster prints as JSON.
type matrix struct {
	Servers  []cluster.Server
	Pairs    []cluster.Pair
	Findings []struct{ Subject, State string }
}

// askCluster asks servers who hears whom, and returns the exit status too.
func askCluster(t *testing.T, addresses ...string) (m matrix, status int) {
	t.Helper()
	c := exec.Command(*program, append([]string{"doctor", "--format", "json", "--cluster"}, addresses...)...)
	out, err := c.Output()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	netns.Must(t, json.Unmarshal(out, &m))
	return m, c.ProcessState.ExitCode()
}

// TestSwitchFiltersBroadcasts has the switch drop the broadcasts of one of three servers. The two others say so, by
// readiness detail and metric, within two intervals, and the matrix of all of them tells which server it is.
func TestSwitchFiltersBroadcasts(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	const hosts = 3
	l := newLAN(t, hosts)
	var sockets []string
	for i, h := range l.hosts {
		global, socket := canaries(t, i, "1s")
		sockets = append(sockets, socket)
		h.start(t, global+"pipelines: {p: {sources: [{type: pcap, interface: eth0}], filters: [{type: icmp-ptb}], sinks: [{type: broadcast, interface: eth0}]}}\n")
	}
	eventually(t, "everybody hears everybody", func() bool {
		r, status := askCluster(t, sockets...)
		return status == 0 && len(r.Pairs) == hosts*(hosts-1)
	})

	l.filterBroadcasts(t, "host2")
	filtered := time.Now()
	const finding = "[!] server host2 is not heard: the last test message came"
	for i, h := range l.hosts[:2] {
		eventually(t, "it is reported", func() bool {
			code, text := h.get(t, "/readyz")
			if code != http.StatusOK {
				t.Fatalf("host %d is not ready: %s", i, text)
			}
			return strings.Contains(text, finding)
		})
		t.Logf("host %d says so %v after the switch filters; its interval is 1 s", i, time.Since(filtered).Round(time.Millisecond))
		s := status(t, sockets[i])
		if last := s.Canary.Peers[1].Last; s.Canary.Peers[1].Name != "host2" || last.After(filtered.Add(time.Second)) {
			t.Errorf("host %d: %+v", i, s.Canary)
		}
		if _, text := h.get(t, "/metrics"); !strings.Contains(text, `pmtud_heard_timestamp_seconds{peer="host2"}`) {
			t.Error("the metric is missing")
		}
	}
	eventually(t, "the matrix has them", func() bool {
		report, code := askCluster(t, sockets...)
		var not []string
		for _, p := range report.Pairs {
			if !p.Heard {
				not = append(not, p.Hearer+" "+p.Sender)
			}
		}
		return code == 1 && len(report.Findings) == 2 && strings.Join(not, ", ") == "host0 host2, host1 host2"
	})
	row := regexp.MustCompile(`(?m)^ +1 host0 +- +[0-2]s +NOT$`)
	eventually(t, "it is printed", func() bool {
		text, err := exec.Command(*program, append([]string{"doctor", "--cluster"}, sockets...)...).Output()
		return err != nil && row.Match(text)
	})

	report, code := askCluster(t, sockets[2], filepath.Join(t.TempDir(), "nobody"))
	if code != 1 || len(report.Servers) != 2 || report.Servers[1].Error == "" || len(report.Findings) == 0 {
		t.Errorf("with a server that can't be asked: exit status %d, %+v", code, report)
	}
	h := l.hosts[0]
	c := exec.Command(*program, "doctor", "--control", sockets[0])
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	netns.Must(t, h.Start(c))
	if err := c.Wait(); err == nil || !strings.Contains(out.String(), "problem  server host2 is not heard: the last test message came") {
		t.Errorf("doctor on host 0: %v\n%s", err, &out)
	}
}

// TestCanariesOnReload turns canaries on in daemons that run, and off again in one of them. The others find
// that it is not heard, and it says nothing about them any more.
func TestCanariesOnReload(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	const pipelines = "pipelines: {p: {sources: [{type: pcap, interface: eth0}], filters: [{type: icmp-ptb}], sinks: [{type: broadcast, interface: eth0}]}}\n"
	l := newLAN(t, 2)
	var on, sockets []string
	for i, h := range l.hosts {
		global, socket := canaries(t, i, "1s")
		on, sockets = append(on, global+pipelines), append(sockets, socket)
		_, off, _ := strings.Cut(on[i], "\n") // without its first line
		h.start(t, off)
		if s := status(t, socket); s.Canary != nil || s.Pipelines[0].Sinks[0].Canaries != nil {
			t.Errorf("before: %+v", s)
		}
	}
	for i, h := range l.hosts {
		h.reload(t, on[i])
	}
	for i, socket := range sockets {
		eventually(t, "they hear each other", func() bool { return hears(status(t, socket), fmt.Sprint("host", 1-i), "broadcast") })
	}
	_, off, _ := strings.Cut(on[1], "\n")
	l.hosts[1].reload(t, off)
	eventually(t, "it is missed", func() bool {
		return strings.Contains(fmt.Sprint(status(t, sockets[0]).Canary.Findings), "is not heard")
	})
	if s := status(t, sockets[1]); s.Canary != nil {
		t.Errorf("after: %+v", s.Canary)
	}
}

// filterBroadcasts has the switch drop the IP packets that a port sends to all hosts.
func (l *lan) filterBroadcasts(t *testing.T, port string) {
	t.Helper()
	netns.Must(t, l.bridge.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyNetdev, Name: "switch"})
		chain := c.AddChain(&nftables.Chain{
			Name: "filter", Table: table, Type: nftables.ChainTypeFilter,
			Hooknum: nftables.ChainHookIngress, Priority: nftables.ChainPriorityFilter, Device: port,
		})
		for _, etherType := range [][]byte{{0x08, 0x00}, {0x86, 0xdd}} {
			c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
				&expr.Payload{Base: expr.PayloadBaseLLHeader, Offset: 0, Len: 6, DestRegister: 1},
				&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
				&expr.Payload{Base: expr.PayloadBaseLLHeader, Offset: 12, Len: 2, DestRegister: 1},
				&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: etherType},
				&expr.Verdict{Kind: expr.VerdictDrop},
			}})
		}
		return c.Flush()
	}))
}
