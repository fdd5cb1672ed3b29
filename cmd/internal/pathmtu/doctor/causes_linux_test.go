package doctor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/pathlab"
	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// report is what the doctor prints.
type report struct {
	Findings []struct{ Level, Netns, Subject, State, Why, Do string }
	Unseen   []string `json:"not_looked_at"`
}

// noDaemon is the socket of none: the machine may have a daemon of its own.
const noDaemon = "/nonexistent/pmtud.sock"

// examine runs the doctor in a namespace, as its root.
func examine(t *testing.T, ns *netns.NS, args ...string) (r report, status int) {
	t.Helper()
	c := exec.Command(*program, append([]string{"doctor", "--format", "json", "--control", noDaemon}, args...)...)
	var out, stderr bytes.Buffer
	c.Stdout, c.Stderr = &out, &stderr
	netns.Must(t, ns.Start(c))
	if err := c.Wait(); err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v:\n%s%s", err, &out, &stderr)
	}
	return r, c.ProcessState.ExitCode()
}

// healthy makes a path whose server has nothing that the doctor minds, whatever the machine's
// defaults are. The narrow link is elsewhere.
func healthy(t *testing.T) *pathlab.Path {
	t.Helper()
	p := pathlab.New(t)
	for _, key := range []string{"net.ipv4.conf.all.rp_filter", "net.ipv4.conf.eth0.rp_filter"} {
		netns.Must(t, p.Server.Sysctl(key, "0"))
	}
	return p
}

// TestCauses makes each cause on a healthy host and wants it found, and nothing else.
func TestCauses(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	sysctl := func(key, value string) func(*testing.T, *pathlab.Path) error {
		return func(_ *testing.T, p *pathlab.Path) error { return p.Server.Sysctl(key, value) }
	}
	for _, tc := range []struct {
		name  string
		cause func(*testing.T, *pathlab.Path) error
		want  string // subjects, and the beginnings of the states
		do    string // of the first
		bad   bool
	}{
		{"healthy", func(*testing.T, *pathlab.Path) error { return nil }, "", "", false},
		{
			"messages ignored", sysctl("net.ipv4.ip_no_pmtu_disc", "1"),
			"sysctl net.ipv4.ip_no_pmtu_disc is 1", "sysctl -w net.ipv4.ip_no_pmtu_disc=0", true,
		},
		{
			"small segments", sysctl("net.ipv4.tcp_mtu_probing", "2"),
			"sysctl net.ipv4.tcp_mtu_probing is 2", "sysctl -w net.ipv4.tcp_mtu_probing=1", false,
		},
		{
			"high minimum", sysctl("net.ipv4.route.min_pmtu", "1280"),
			"sysctl net.ipv4.route.min_pmtu is 1280", "sysctl -w net.ipv4.route.min_pmtu=552", false,
		},
		{
			"forgets soon", sysctl("net.ipv4.route.mtu_expires", "5"),
			"sysctl net.ipv4.route.mtu_expires is 5", "sysctl -w net.ipv4.route.mtu_expires=600", false,
		},
		{
			"forgets soon, IPv6", sysctl("net.ipv6.route.mtu_expires", "5"),
			"sysctl net.ipv6.route.mtu_expires is 5", "sysctl -w net.ipv6.route.mtu_expires=600", false,
		},
		{
			"answers seldom", sysctl("net.ipv4.icmp_ratelimit", "5000"),
			"sysctl net.ipv4.icmp_ratelimit is 5000", "sysctl -w net.ipv4.icmp_ratelimit=1000", false,
		},
		{
			"answers seldom, IPv6", sysctl("net.ipv6.icmp.ratelimit", "5000"),
			"sysctl net.ipv6.icmp.ratelimit is 5000", "sysctl -w net.ipv6.icmp.ratelimit=1000", false,
		},
		{
			"drops copies", sysctl("net.ipv4.conf.eth0.drop_unicast_in_l2_multicast", "1"),
			"sysctl net.ipv4.conf.eth0.drop_unicast_in_l2_multicast is 1",
			"sysctl -w net.ipv4.conf.eth0.drop_unicast_in_l2_multicast=0", true,
		},
		{
			"all drop copies", sysctl("net.ipv4.conf.all.drop_unicast_in_l2_multicast", "1"),
			"sysctl net.ipv4.conf.eth0.drop_unicast_in_l2_multicast is 1",
			"sysctl -w net.ipv4.conf.eth0.drop_unicast_in_l2_multicast=0 net.ipv4.conf.all.drop_unicast_in_l2_multicast=0", true,
		},
		{
			"drops copies, IPv6", sysctl("net.ipv6.conf.eth0.drop_unicast_in_l2_multicast", "1"),
			"sysctl net.ipv6.conf.eth0.drop_unicast_in_l2_multicast is 1",
			"sysctl -w net.ipv6.conf.eth0.drop_unicast_in_l2_multicast=0", true,
		},
		{
			"strict source check", sysctl("net.ipv4.conf.eth0.rp_filter", "1"),
			"sysctl net.ipv4.conf.eth0.rp_filter is 1", "sysctl -w net.ipv4.conf.eth0.rp_filter=2", false,
		},
		{
			"a router that hashes ports", func(_ *testing.T, p *pathlab.Path) error {
				return errors.Join(
					p.Server.Sysctl("net.ipv4.ip_forward", "1"), p.Server.Sysctl("net.ipv4.fib_multipath_hash_policy", "1"),
					p.Server.Route("10.1.0.0/16", "203.0.113.1", "203.0.113.3"),
				)
			},
			"sysctl net.ipv4.fib_multipath_hash_policy is 1", "sysctl -w net.ipv4.fib_multipath_hash_policy=0", false,
		},
		{
			"a firewall", func(_ *testing.T, p *pathlab.Path) error { return pathlab.Deafen(p.Server) },
			`IPv4 "packet too big" that arrives on eth0 is dropped by rule 2 of chain inet deafen deafen; ` +
				`IPv6 "packet too big" that arrives on eth0 is dropped by rule 3 of chain inet deafen deafen`,
			"nft insert rule inet deafen deafen position 2 icmp type destination-unreachable icmp code frag-needed accept", true,
		},
		{
			"a router's firewall", func(_ *testing.T, p *pathlab.Path) error {
				return errors.Join(
					p.Server.Sysctl("net.ipv4.ip_forward", "1"), pathlab.Silence(p.Server),
				)
			},
			`IPv4 "packet too big" that this router sends on eth0 is dropped by rule 2 of chain inet silence silence`,
			"nft insert rule inet silence silence position 2 icmp type destination-unreachable icmp code frag-needed accept", true,
		},
		{
			"a firewall of iptables-legacy", func(t *testing.T, p *pathlab.Path) error {
				c := exec.Command(programtest.Tool(t, "iptables-legacy"), strings.Fields("-A INPUT -p icmp --icmp-type fragmentation-needed -j DROP")...)
				c.Env = append(os.Environ(), "XTABLES_LOCKFILE="+filepath.Join(t.TempDir(), "lock"))
				return errors.Join(p.Server.Start(c), c.Wait())
			},
			`IPv4 "packet too big" that arrives on eth0 is dropped by rule 1 of chain INPUT of the legacy iptables table filter`,
			"iptables-legacy -t filter -I INPUT 1 -p icmp --icmp-type fragmentation-needed -j ACCEPT", true,
		},
		{
			// A veth takes four bytes more, for a VLAN tag.
			"a gateway with a smaller MTU", func(_ *testing.T, p *pathlab.Path) error { return p.Second.SetMTU("eth1", 1400) },
			"MTU of eth0 is 1500, but packets of more than 1404 bytes do not reach the gateway",
			"ip link set eth0 mtu 1404, or raise the MTU of the gateway and of the switches in between", true,
		},
		{
			"a LAN with a smaller MTU", sysctl("net.ipv6.conf.eth0.mtu", "1400"),
			"MTU of eth0 is 1500, but IPv6 uses 1400, as a router advertises", "ip link set eth0 mtu 1400", false,
		},
		{
			"a bridge's port with a smaller MTU", func(t *testing.T, p *pathlab.Path) error {
				other := netns.NewTest(t, "container")
				return errors.Join(
					netns.Veth(p.Server, "port1", other, "eth0"), netns.Veth(p.Server, "port2", p.Server, "port3"),
					p.Server.Bridge("br0", "port1", "port2"), p.Server.SetMTU("port1", 1400), p.Server.SetMTU("br0", 1500),
				)
			},
			"MTU of port1 is 1400, but that of its bridge br0 is 1500", "ip link set port1 mtu 1500", false,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := healthy(t)
			if err := tc.cause(t, p); errors.Is(err, fs.ErrNotExist) {
				t.Skip("only the first network namespace has it: ", err)
			} else {
				netns.Must(t, err)
			}
			r, status := examine(t, p.Server)
			var found []string
			for _, f := range r.Findings {
				found = append(found, f.Subject+" "+f.State)
				if f.Why == "" || f.Do == "" {
					t.Errorf("says too little: %+v", f)
				}
			}
			got := strings.Join(found, "; ")
			if tc.want == "" && got != "" || !strings.HasPrefix(got, tc.want) || len(found) > 1+strings.Count(tc.want, "; ") {
				t.Errorf("found %q, want %q", got, tc.want)
			}
			if tc.do != "" && len(found) > 0 && r.Findings[0].Do != tc.do {
				t.Errorf("what to do is %q, want %q", r.Findings[0].Do, tc.do)
			}
			if (status == 1) != tc.bad || status > 1 || len(r.Unseen) > 0 {
				t.Errorf("exit status %d, unseen %q", status, r.Unseen)
			}
		})
	}
}

const declared = `
pipelines:
  p:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}, {type: iface-rate}]
    sinks: [{type: peers, addresses: [203.0.113.1]}]
`

// TestConfiguration looks at what a configuration needs.
func TestConfiguration(t *testing.T) {
	for _, tc := range []struct {
		name, file string
		cause      func(*pathlab.Path) error
		want       []string
		status     int
	}{
		{"healthy", declared, func(*pathlab.Path) error { return nil }, nil, 0},
		{
			"conntrack", declared, func(p *pathlab.Path) error { return pathlab.DropInvalid(p.Server) },
			[]string{
				`IPv4 "packet too big" that another host readdressed (conntrack: invalid)`,
				`IPv6 "packet too big" that another host readdressed (conntrack: invalid)`,
			},
			1,
		},
		{
			"no interface", strings.ReplaceAll(declared, "eth0", "eth9"), func(*pathlab.Path) error { return nil },
			[]string{"interface eth9"},
			1,
		},
		{
			"twice the same", declared + strings.ReplaceAll(strings.TrimPrefix(declared, "\npipelines:\n"), "  p:", "  q:"),
			func(*pathlab.Path) error { return nil },
			[]string{"configuration"},
			0,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "pmtud.yaml")
			p := healthy(t)
			netns.Must(t, os.WriteFile(path, []byte(tc.file), 0o600), tc.cause(p))
			r, status := examine(t, p.Server, "-c", path)
			var found []string
			for _, f := range r.Findings {
				found = append(found, f.Subject)
			}
			if diff := cmp.Diff(tc.want, found); diff != "" || status != tc.status {
				t.Errorf("exit status %d, want %d; (-want +got):\n%s\n%+v", status, tc.status, diff, r.Findings)
			}
		})
	}
}

// TestUser looks as an ordinary user, who is told what could not be looked at.
func TestUser(t *testing.T) {
	p := healthy(t)
	c := exec.Command(*program, "doctor", "--control", noDaemon)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	netns.Must(t, pathlab.StartAsUser(p.Server, c), c.Wait())
	const want = "no problems found\nnot examined: firewall rules: CAP_NET_ADMIN is missing; run this as root\n"
	if out.String() != want {
		t.Errorf("printed\n%swant\n%s", &out, want)
	}
}

// TestTwoDaemons runs two daemons on one interface.
func TestTwoDaemons(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	p := healthy(t)
	for n, want := range []string{"", "", "senders on eth0"} {
		if n > 0 {
			daemon(t, p.Server, n)
		}
		r, status := examine(t, p.Server)
		subjects := ""
		for _, f := range r.Findings {
			subjects += f.Subject
		}
		if subjects != want || status != 0 {
			t.Errorf("%d daemons: exit status %d, found %+v", n, status, r.Findings)
		}
	}
}

// daemon runs pmtud until the test ends, and returns when it is one of so many that have opened
// their sockets.
func daemon(t *testing.T, ns *netns.NS, count int) {
	t.Helper()
	c := exec.Command(*program, "--iface", "eth0")
	netns.Must(t, ns.Start(c))
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait() // with what it got so far
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var open []int
		netns.Must(t, ns.Do(func() error {
			open = hostcheck.Senders("eth0")
			return nil
		}))
		if len(open) == count {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%v have sockets; is the program called pmtud?", open)
		}
	}
}
